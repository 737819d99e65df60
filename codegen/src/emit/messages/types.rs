//! Types that a file declares, with the names that prost gives them.

use prost_reflect::prost_types::{DescriptorProto, EnumDescriptorProto, FileDescriptorProto};

use crate::schema::ident::{camel, snake};
use crate::schema::model::Type;

/// Every message and enum of a file, nested ones included, by full name.
pub(super) fn declared(file: &FileDescriptorProto) -> Vec<(String, Type)> {
    let mut types = Vec::new();
    let scope = Scope { package: file.package(), parents: &[] };
    scope.enums(file.enum_type.iter().map(EnumDescriptorProto::name), &mut types);
    for message in &file.message_type {
        scope.message(message, &mut types);
    }
    types
}

/// Names of the enums that the oneofs of a file become, nested ones included.
pub(super) fn oneofs(file: &FileDescriptorProto) -> Vec<String> {
    let mut open: Vec<_> = file.message_type.iter().collect();
    let mut names = Vec::new();
    while let Some(message) = open.pop() {
        names.extend(message.oneof_decl.iter().map(|oneof| camel(oneof.name())));
        open.extend(&message.nested_type);
    }
    names
}

struct Scope<'a> {
    package: &'a str,
    parents: &'a [&'a str],
}

impl Scope<'_> {
    fn message(&self, message: &DescriptorProto, types: &mut Vec<(String, Type)>) {
        types.push(self.named(message.name()));
        let parents = [self.parents, &[message.name()]].concat();
        let inside = Scope { package: self.package, parents: &parents };
        inside.enums(message.enum_type.iter().map(EnumDescriptorProto::name), types);
        for nested in &message.nested_type {
            inside.message(nested, types);
        }
    }

    fn enums<'a>(&self, names: impl Iterator<Item = &'a str>, types: &mut Vec<(String, Type)>) {
        types.extend(names.map(|name| self.named(name)));
    }

    fn named(&self, name: &str) -> (String, Type) {
        let components = [&[self.package], self.parents, &[name]].concat();
        let full_name = components.join(".").trim_start_matches('.').to_owned();
        let path = self.parents.iter().map(|parent| snake(parent)).chain([camel(name)]).collect();
        (full_name.clone(), Type { full_name, package: self.package.to_owned(), path })
    }
}
