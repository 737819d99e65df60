//! What schemas are made of, as rules see it: each thing with its file, its path in the descriptor and its parent.

use std::collections::{BTreeMap, HashMap};

use prost_reflect::prost_types::field_descriptor_proto::Type;
use prost_reflect::prost_types::source_code_info::Location;
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumValueDescriptorProto, FieldDescriptorProto,
    FileDescriptorProto, MessageOptions, MethodDescriptorProto, OneofDescriptorProto,
    ServiceDescriptorProto,
};

use super::imports;
use crate::check::violation::Span;
use crate::schema::image::Image;

/// Numbers of fields of descriptors: the steps of a path.
pub(super) mod tag {
    /// The name of anything.
    pub(in crate::check::lint) const NAME: i32 = 1;
    /// Of a file.
    pub(in crate::check::lint) const PACKAGE: i32 = 2;
    pub(in crate::check::lint) const DEPENDENCY: i32 = 3;
    pub(in crate::check::lint) const FILE_OPTIONS: i32 = 8;
    pub(in crate::check::lint) const SYNTAX: i32 = 12;
    /// Of a method.
    pub(in crate::check::lint) const INPUT: i32 = 2;
    pub(in crate::check::lint) const OUTPUT: i32 = 3;
    /// Of an enum and its value.
    pub(in crate::check::lint) const ENUM_OPTIONS: i32 = 3;
    pub(in crate::check::lint) const ALLOW_ALIAS: i32 = 2;
    pub(in crate::check::lint) const NUMBER: i32 = 2;
}

/// A file of the schemas.
pub(super) struct File<'a> {
    pub(super) image: &'a Image,
    pub(super) proto: &'a FileDescriptorProto,
    locations: HashMap<&'a [i32], &'a Location>,
}

/// Something in a file, below a parent of another kind if it can't stand alone.
pub(super) struct Node<'a, T, P = ()> {
    pub(super) file: &'a File<'a>,
    pub(super) proto: &'a T,
    pub(super) path: Vec<i32>,
    pub(super) parent: Option<&'a P>,
}

pub(super) type Import<'a> = Node<'a, String>;
pub(super) type Enum<'a> = Node<'a, EnumDescriptorProto>;
pub(super) type EnumValue<'a> = Node<'a, EnumValueDescriptorProto, EnumDescriptorProto>;
pub(super) type Message<'a> = Node<'a, DescriptorProto>;
pub(super) type Field<'a> = Node<'a, FieldDescriptorProto, DescriptorProto>;
pub(super) type Oneof<'a> = Node<'a, OneofDescriptorProto, DescriptorProto>;
pub(super) type Service<'a> = Node<'a, ServiceDescriptorProto>;
pub(super) type Method<'a> = Node<'a, MethodDescriptorProto, ServiceDescriptorProto>;

impl<'a> File<'a> {
    pub(super) fn new(image: &'a Image, proto: &'a FileDescriptorProto) -> Self {
        let mut locations = HashMap::new();
        for location in proto.source_code_info.iter().flat_map(|info| &info.location) {
            locations.entry(location.path.as_slice()).or_insert(location);
        }
        Self { image, proto, locations }
    }

    /// Where the thing at a path is.
    pub(super) fn span(&self, path: &[i32]) -> Option<Span> {
        self.image.span(self.proto.name(), path)
    }

    /// The comment before the thing at a path; `None` if there is no such thing in the text.
    pub(super) fn comment(&self, path: &[i32]) -> Option<&str> {
        Some(self.locations.get(path)?.leading_comments())
    }

    /// The folder that holds the file.
    pub(super) fn folder(&self) -> &str {
        self.proto.name().rsplit_once('/').map_or(".", |(folder, _)| folder)
    }

    pub(super) fn imports(&'a self) -> Vec<Import<'a>> {
        self.list(&[tag::DEPENDENCY], &self.proto.dependency, None)
    }

    /// Imports that nothing in the file needs.
    pub(super) fn unused_imports(&self) -> Vec<&str> {
        imports::unused(self.image, self.proto)
    }

    pub(super) fn services(&'a self) -> Vec<Service<'a>> {
        self.list(&[6], &self.proto.service, None)
    }

    pub(super) fn methods(&'a self) -> Vec<Method<'a>> {
        let methods = |it: Service<'a>| {
            self.list(&[&it.path[..], &[2]].concat(), &it.proto.method, Some(it.proto))
        };
        self.services().into_iter().flat_map(methods).collect()
    }

    /// Messages, nested ones and those that the compiler makes of maps and groups as well.
    pub(super) fn messages(&'a self) -> Vec<Message<'a>> {
        let mut found = Vec::new();
        let mut open: Vec<Message<'a>> = self.list(&[4], &self.proto.message_type, None);
        while let Some(message) = open.pop() {
            open.extend(self.list(&message.at(3), &message.proto.nested_type, None));
            found.push(message);
        }
        found
    }

    pub(super) fn enums(&'a self) -> Vec<Enum<'a>> {
        let mut found = self.list(&[5], &self.proto.enum_type, None);
        for message in self.messages() {
            found.extend(self.list(&message.at(4), &message.proto.enum_type, None));
        }
        found
    }

    pub(super) fn enum_values(&'a self) -> Vec<EnumValue<'a>> {
        let values = |it: Enum<'a>| self.list(&it.at(2), &it.proto.value, Some(it.proto));
        self.enums().into_iter().flat_map(values).collect()
    }

    /// Fields of messages, and extensions wherever they are.
    pub(super) fn fields(&'a self) -> Vec<Field<'a>> {
        let mut found = self.list(&[7], &self.proto.extension, None);
        for message in self.messages() {
            found.extend(self.list(&message.at(2), &message.proto.field, Some(message.proto)));
            found.extend(self.list(&message.at(6), &message.proto.extension, Some(message.proto)));
        }
        found
    }

    pub(super) fn oneofs(&'a self) -> Vec<Oneof<'a>> {
        let oneofs = |it: Message<'a>| self.list(&it.at(8), &it.proto.oneof_decl, Some(it.proto));
        self.messages().into_iter().flat_map(oneofs).collect()
    }

    fn list<T, P>(
        &'a self,
        path: &[i32],
        protos: &'a [T],
        parent: Option<&'a P>,
    ) -> Vec<Node<'a, T, P>> {
        let node = |(index, proto)| {
            let path = [path, &[index]].concat();
            Node { file: self, proto, path, parent }
        };
        (0..).zip(protos).map(node).collect()
    }
}

impl<T, P> Node<'_, T, P> {
    /// Path of a part.
    pub(super) fn at(&self, tag: i32) -> Vec<i32> {
        [&self.path[..], &[tag]].concat()
    }

    /// Path of the name, or of the whole where the text has none.
    pub(super) fn name_path(&self) -> Vec<i32> {
        let name = self.at(tag::NAME);
        if self.file.span(&name).is_some() { name } else { self.path.clone() }
    }

    /// The comment before it; `None` if it isn't in the text.
    pub(super) fn comment(&self) -> Option<&str> {
        self.file.comment(&self.path)
    }
}

impl Message<'_> {
    /// Tells whether the compiler made it of a map.
    pub(super) fn is_map_entry(&self) -> bool {
        is_map_entry(self.proto)
    }
}

impl Field<'_> {
    /// Tells whether the compiler made it of a map.
    pub(super) fn is_of_map_entry(&self) -> bool {
        self.parent.is_some_and(is_map_entry)
    }

    /// Tells whether it is a group, whose comment and name are those of its message.
    pub(super) fn is_group(&self) -> bool {
        self.proto.r#type() == Type::Group
    }
}

impl Oneof<'_> {
    /// Tells whether the compiler made it of an `optional` field.
    pub(super) fn is_synthetic(&self) -> bool {
        let index = self.path.last().copied();
        let fields = self.parent.into_iter().flat_map(|parent| &parent.field);
        let mut inside = fields.filter(|field| field.oneof_index == index);
        inside.next().is_some_and(|field| field.proto3_optional() && inside.next().is_none())
    }
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message.options.as_ref().is_some_and(MessageOptions::map_entry)
}

/// Files by the package that they are in.
pub(super) fn packages<'a>(files: &'a [File<'a>]) -> BTreeMap<&'a str, Vec<&'a File<'a>>> {
    let mut packages: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for file in files {
        packages.entry(file.proto.package()).or_default().push(file);
    }
    packages
}
