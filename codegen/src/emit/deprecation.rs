//! What is deprecated, as prost doesn't say it: whole messages and enums.

use std::collections::BTreeSet;

use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, EnumValueOptions, FieldOptions,
    FileDescriptorProto, FileDescriptorSet, FileOptions, MessageOptions, MethodOptions,
    ServiceOptions,
};

/// Packages in which anything at all is deprecated.
pub(crate) fn packages(set: &FileDescriptorSet) -> BTreeSet<String> {
    set.file.iter().filter(|file| in_file(file)).map(|file| file.package().to_owned()).collect()
}

/// Whether a message is deprecated as a whole.
pub(crate) fn of_message(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(MessageOptions::deprecated)
}

/// Whether an enum is deprecated as a whole.
pub(crate) fn of_enum(item: &EnumDescriptorProto) -> bool {
    item.options.as_ref().is_some_and(EnumOptions::deprecated)
}

fn in_file(file: &FileDescriptorProto) -> bool {
    file.options.as_ref().is_some_and(FileOptions::deprecated)
        || file.message_type.iter().any(in_message)
        || file.enum_type.iter().any(in_enum)
        || file.service.iter().any(|service| {
            service.options.as_ref().is_some_and(ServiceOptions::deprecated)
                || service
                    .method
                    .iter()
                    .any(|method| method.options.as_ref().is_some_and(MethodOptions::deprecated))
        })
}

fn in_message(message: &DescriptorProto) -> bool {
    of_message(message)
        || message
            .field
            .iter()
            .any(|field| field.options.as_ref().is_some_and(FieldOptions::deprecated))
        || message.enum_type.iter().any(in_enum)
        || message.nested_type.iter().any(in_message)
}

fn in_enum(item: &EnumDescriptorProto) -> bool {
    of_enum(item)
        || item
            .value
            .iter()
            .any(|value| value.options.as_ref().is_some_and(EnumValueOptions::deprecated))
}
