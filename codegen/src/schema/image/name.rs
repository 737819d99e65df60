//! Refuses descriptor sets with names that no schema could have: they are looked up by them, and `..a` is found by none.

use prost_reflect::DescriptorPool;
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MethodDescriptorProto, OneofDescriptorProto,
};

/// Finds a name that is no identifier. Nothing is looked up here.
pub(super) fn check(pool: &DescriptorPool) -> Result<(), String> {
    let mut names = Vec::new();
    for file in pool.file_descriptor_protos() {
        of_file(file, &mut names);
    }
    match names.into_iter().find(|name| !is_identifier(name)) {
        Some(name) => Err(format!("`{}` is no name", name.escape_default())),
        None => Ok(()),
    }
}

fn of_file<'a>(file: &'a FileDescriptorProto, names: &mut Vec<&'a str>) {
    if !file.package().is_empty() {
        names.extend(file.package().split('.'));
    }
    for message in &file.message_type {
        of_message(message, names);
    }
    file.enum_type.iter().for_each(|it| of_enum(it, names));
    names.extend(file.extension.iter().map(FieldDescriptorProto::name));
    for service in &file.service {
        names.push(service.name());
        names.extend(service.method.iter().map(MethodDescriptorProto::name));
    }
}

fn of_message<'a>(message: &'a DescriptorProto, names: &mut Vec<&'a str>) {
    names.push(message.name());
    names.extend(message.field.iter().chain(&message.extension).map(FieldDescriptorProto::name));
    names.extend(message.oneof_decl.iter().map(OneofDescriptorProto::name));
    message.enum_type.iter().for_each(|it| of_enum(it, names));
    for nested in &message.nested_type {
        of_message(nested, names);
    }
}

fn of_enum<'a>(enumeration: &'a EnumDescriptorProto, names: &mut Vec<&'a str>) {
    names.push(enumeration.name());
    names.extend(enumeration.value.iter().map(EnumValueDescriptorProto::name));
}

fn is_identifier(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
