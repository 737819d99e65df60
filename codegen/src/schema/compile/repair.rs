//! Takes one mistake out of a file that doesn't link, so that the rest of it can be judged in the same run.
//!
//! What is repaired is never generated: its mistake is on the list already.

use std::collections::BTreeSet;

use prost_reflect::prost_types::field_descriptor_proto::Type;
use prost_reflect::prost_types::{
    DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto,
    ServiceDescriptorProto, UninterpretedOption,
};

/// Message that stands in for one that is missing. No survey lists it.
pub(in crate::schema) const STAND_IN: &str = "__MissingMessage";

/// Tag of options that are not resolved yet, in every kind of options.
const UNINTERPRETED: i32 = 999;

/// Takes the mistake at a path out. Answers with the path of the element that lost something, or nothing if there is
/// no way.
pub(super) fn repair(file: &mut FileDescriptorProto, path: &[i32]) -> Option<Vec<i32>> {
    if let Some(at) = path.iter().position(|&tag| tag == UNINTERPRETED) {
        let (element, option) = (path.get(..at.checked_sub(1)?)?, path.get(..=at + 1)?);
        let index = usize::try_from(*option.last()?).ok()?;
        let options = options(file, element)?;
        if index >= options.len() {
            return None;
        }
        options.remove(index);
        forget(file, option);
        return Some(element.to_vec());
    }
    let (&tag, element) = path.split_last()?;
    let package = file.package().to_owned();
    match find(file, element)? {
        // The tag of a field's type, by name or by kind.
        Found::Field(field) if matches!(tag, 5 | 6) => {
            field.type_name = None;
            field.set_type(Type::String);
        }
        Found::Method(method) if matches!(tag, 2 | 3) => {
            let name = format!(".{package}.{STAND_IN}").replace("..", ".");
            if tag == 2 {
                method.input_type = Some(name);
            } else {
                method.output_type = Some(name);
            }
            if !file.message_type.iter().any(|message| message.name() == STAND_IN) {
                let name = Some(STAND_IN.to_owned());
                file.message_type.push(DescriptorProto { name, ..DescriptorProto::default() });
            }
        }
        Found::File(_)
        | Found::Message(_)
        | Found::Field(_)
        | Found::Service(_)
        | Found::Method(_) => return None,
    }
    Some(element.to_vec())
}

/// Drops imports that are missing or written twice. What is imported publicly or weakly is counted by index: where
/// something is dropped, that counts no more.
pub(super) fn drop_imports(file: &mut FileDescriptorProto, missing: &[String]) {
    let before = file.dependency.len();
    let mut seen = BTreeSet::new();
    file.dependency.retain(|it| !missing.contains(it) && seen.insert(it.clone()));
    if file.dependency.len() < before {
        file.public_dependency.clear();
        file.weak_dependency.clear();
    }
}

enum Found<'a> {
    File(&'a mut FileDescriptorProto),
    Message(&'a mut DescriptorProto),
    Field(&'a mut FieldDescriptorProto),
    Service(&'a mut ServiceDescriptorProto),
    Method(&'a mut MethodDescriptorProto),
}

fn find<'a>(file: &'a mut FileDescriptorProto, path: &[i32]) -> Option<Found<'a>> {
    let index = |at: usize| path.get(at).and_then(|&index| usize::try_from(index).ok());
    match path {
        [] => Some(Found::File(file)),
        [4, _, rest @ ..] => inside(file.message_type.get_mut(index(1)?)?, rest),
        [6, _] => Some(Found::Service(file.service.get_mut(index(1)?)?)),
        [6, _, 2, _] => {
            let service = file.service.get_mut(index(1)?)?;
            Some(Found::Method(service.method.get_mut(index(3)?)?))
        }
        _ => None,
    }
}

fn inside<'a>(message: &'a mut DescriptorProto, path: &[i32]) -> Option<Found<'a>> {
    let index = path.get(1).and_then(|&index| usize::try_from(index).ok());
    match path {
        [] => Some(Found::Message(message)),
        [2, _] => Some(Found::Field(message.field.get_mut(index?)?)),
        [3, _, rest @ ..] => inside(message.nested_type.get_mut(index?)?, rest),
        _ => None,
    }
}

fn options<'a>(
    file: &'a mut FileDescriptorProto,
    element: &[i32],
) -> Option<&'a mut Vec<UninterpretedOption>> {
    Some(match find(file, element)? {
        Found::File(file) => &mut file.options.as_mut()?.uninterpreted_option,
        Found::Message(message) => &mut message.options.as_mut()?.uninterpreted_option,
        Found::Field(field) => &mut field.options.as_mut()?.uninterpreted_option,
        Found::Service(service) => &mut service.options.as_mut()?.uninterpreted_option,
        Found::Method(method) => &mut method.options.as_mut()?.uninterpreted_option,
    })
}

/// Forgets the locations of an option, and counts those after it anew.
fn forget(file: &mut FileDescriptorProto, option: &[i32]) {
    let Some((&index, list)) = option.split_last() else { return };
    let Some(info) = &mut file.source_code_info else { return };
    info.location.retain(|location| !location.path.starts_with(option));
    for location in &mut info.location {
        if !location.path.starts_with(list) {
            continue;
        }
        if let Some(later) = location.path.get_mut(list.len()).filter(|later| **later > index) {
            *later -= 1;
        }
    }
}
