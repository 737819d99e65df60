//! Refuses enums that allow aliases and have none, as protoc and buf do; the compiler here lets them pass.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueDescriptorProto,
    FileDescriptorProto,
};
use crate::diagnostic::{Finding, Place};
use crate::schema::locate::Locations;

/// Path of the option in an enum.
const ALLOW_ALIAS: [i32; 2] = [3, 2];

/// Finds them in a file.
pub(super) fn refuse(file: &FileDescriptorProto, text: &Arc<str>) -> Vec<Finding> {
    let mut idle = Vec::new();
    idle.extend(list(&file.enum_type, &[5]));
    for (index, message) in (0..).zip(&file.message_type) {
        inside(message, &[4, index], &mut idle);
    }
    if idle.is_empty() {
        return Vec::new();
    }
    let locations = Locations::new(file, text);
    let finding = |(name, path): (&str, Vec<i32>)| {
        let span = locations.span(&[&path[..], &ALLOW_ALIAS].concat()).unwrap_or(0..0);
        let place = Place { file: file.name().to_owned(), span };
        let message = format!("enum `{name}` allows aliases and has none");
        Finding::new("SYNTAX", message, place).help("delete the option")
    };
    idle.into_iter().map(finding).collect()
}

fn inside<'a>(message: &'a DescriptorProto, path: &[i32], idle: &mut Vec<(&'a str, Vec<i32>)>) {
    idle.extend(list(&message.enum_type, &[path, &[4]].concat()));
    for (index, nested) in (0..).zip(&message.nested_type) {
        inside(nested, &[path, &[3, index]].concat(), idle);
    }
}

/// Names and paths of those in a list.
fn list<'a>(enums: &'a [EnumDescriptorProto], path: &[i32]) -> Vec<(&'a str, Vec<i32>)> {
    let idle = (0..).zip(enums).filter(|(_, it)| {
        let allows = it.options.as_ref().is_some_and(EnumOptions::allow_alias);
        let numbers: BTreeSet<_> = it.value.iter().map(EnumValueDescriptorProto::number).collect();
        allows && numbers.len() == it.value.len()
    });
    idle.map(|(index, it)| (it.name(), [path, &[index]].concat())).collect()
}
