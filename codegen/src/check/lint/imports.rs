//! Which imports a file needs: those that define what it names, or pass it on.

use std::collections::{BTreeMap, BTreeSet};

use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
};
use prost_reflect::{
    DynamicMessage, FileDescriptor, MessageDescriptor, ReflectMessage as _, Value,
};

use crate::schema::image::Image;

/// Imports that nothing in a file needs. One that is public is needed by others.
pub(super) fn unused<'a>(image: &Image, file: &'a FileDescriptorProto) -> Vec<&'a str> {
    let Some(descriptor) = image.pool().get_file_by_name(file.name()) else { return Vec::new() };
    let public: BTreeSet<_> = file.public_dependency.iter().copied().collect();
    let candidates = (0..).zip(&file.dependency).filter(|(index, _)| !public.contains(index));
    let candidates: Vec<_> = candidates.map(|(_, import)| import.as_str()).collect();
    let mut used = Used { image, files: BTreeSet::new() };
    used.types(file);
    let providers = providers(image, &file.dependency);
    let is_unused = |used: &Used<'_>, import: &&str| {
        !used.files.iter().any(|file| providers.get(file.as_str()) == Some(import))
    };
    // Options are costly to look through: only where an import seems to be for nothing.
    if candidates.iter().any(|import| is_unused(&used, import)) {
        used.options(&descriptor);
    }
    candidates.into_iter().filter(|import| is_unused(&used, import)).collect()
}

/// The import that provides each file: itself, or else the first that passes it on.
fn providers<'a>(image: &Image, imports: &'a [String]) -> BTreeMap<String, &'a str> {
    let mut providers = BTreeMap::new();
    for import in imports {
        let mut open = vec![import.clone()];
        let mut seen = BTreeSet::new();
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            if name != *import {
                providers.entry(name.clone()).or_insert(import.as_str());
            }
            let Some(file) = image.pool().get_file_by_name(&name) else { continue };
            let file = file.file_descriptor_proto();
            let public = file
                .public_dependency
                .iter()
                .filter_map(|&index| file.dependency.get(usize::try_from(index).ok()?).cloned());
            open.extend(public);
        }
    }
    for import in imports {
        providers.insert(import.clone(), import.as_str());
    }
    providers
}

/// Files that define what is named.
struct Used<'a> {
    image: &'a Image,
    files: BTreeSet<String>,
}

impl Used<'_> {
    fn name(&mut self, name: &str) {
        let name = name.trim_start_matches('.');
        let pool = self.image.pool();
        let file = pool
            .get_message_by_name(name)
            .map(|it| it.parent_file())
            .or_else(|| pool.get_enum_by_name(name).map(|it| it.parent_file()));
        self.files.extend(file.map(|file| file.name().to_owned()));
    }

    fn types(&mut self, file: &FileDescriptorProto) {
        for message in &file.message_type {
            self.message(message);
        }
        for field in &file.extension {
            self.field(field);
        }
        for method in file.service.iter().flat_map(|service| &service.method) {
            self.name(method.input_type());
            self.name(method.output_type());
        }
    }

    fn message(&mut self, message: &DescriptorProto) {
        for field in message.field.iter().chain(&message.extension) {
            self.field(field);
        }
        for nested in &message.nested_type {
            self.message(nested);
        }
    }

    fn field(&mut self, field: &FieldDescriptorProto) {
        for name in [&field.type_name, &field.extendee].into_iter().flatten() {
            self.name(name);
        }
    }

    /// What the options of everything in a file name.
    fn options(&mut self, file: &FileDescriptor) {
        let proto = file.file_descriptor_proto();
        if proto.options.is_some() {
            self.option(&file.options());
        }
        for message in file.messages() {
            self.message_options(&message);
        }
        for field in file.extensions() {
            if field.field_descriptor_proto().options.is_some() {
                self.option(&field.options());
            }
        }
        for descriptor in file.enums() {
            self.enum_options(&descriptor);
        }
        for service in file.services() {
            if service.service_descriptor_proto().options.is_some() {
                self.option(&service.options());
            }
            for method in service.methods() {
                if method.method_descriptor_proto().options.is_some() {
                    self.option(&method.options());
                }
            }
        }
    }

    fn message_options(&mut self, message: &MessageDescriptor) {
        let proto: &DescriptorProto = message.descriptor_proto();
        if proto.options.is_some() {
            self.option(&message.options());
        }
        for field in message.fields() {
            if field.field_descriptor_proto().options.is_some() {
                self.option(&field.options());
            }
        }
        for field in message.child_extensions() {
            if field.field_descriptor_proto().options.is_some() {
                self.option(&field.options());
            }
        }
        for oneof in message.oneofs() {
            if oneof.oneof_descriptor_proto().options.is_some() {
                self.option(&oneof.options());
            }
        }
        for descriptor in message.child_enums() {
            self.enum_options(&descriptor);
        }
        for nested in message.child_messages() {
            self.message_options(&nested);
        }
    }

    fn enum_options(&mut self, descriptor: &prost_reflect::EnumDescriptor) {
        let proto: &EnumDescriptorProto = descriptor.enum_descriptor_proto();
        if proto.options.is_some() {
            self.option(&descriptor.options());
        }
        for value in descriptor.values() {
            if value.enum_value_descriptor_proto().options.is_some() {
                self.option(&value.options());
            }
        }
    }

    fn option(&mut self, options: &DynamicMessage) {
        for (extension, value) in options.extensions() {
            self.files.insert(extension.parent_file().name().to_owned());
            self.value(value);
        }
        if options.descriptor().full_name() == "google.protobuf.Any" {
            let url = options.get_field_by_name("type_url");
            let url = url.as_ref().and_then(|url| url.as_str());
            let name = url.and_then(|url| url.rsplit('/').next()).map(str::to_owned);
            self.name(&name.unwrap_or_default());
        }
        for (_, value) in options.fields() {
            self.value(value);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Message(message) => self.option(message),
            Value::List(list) => list.iter().for_each(|value| self.value(value)),
            Value::Map(map) => map.values().for_each(|value| self.value(value)),
            Value::Bool(_)
            | Value::I32(_)
            | Value::I64(_)
            | Value::U32(_)
            | Value::U64(_)
            | Value::F32(_)
            | Value::F64(_)
            | Value::String(_)
            | Value::Bytes(_)
            | Value::EnumNumber(_) => {}
        }
    }
}
