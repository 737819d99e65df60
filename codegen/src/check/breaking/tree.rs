//! The elements of an image under the names and at the places that `buf` gives them.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::image::Image;
use crate::check::image::descriptor::field_descriptor_proto::{Label, Type};
use crate::check::image::descriptor::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileOptions,
    MessageOptions, MethodDescriptorProto, ServiceDescriptorProto,
};

/// Every file by its path, imported ones included.
pub(super) struct Tree<'a> {
    pub(super) files: BTreeMap<&'a str, File<'a>>,
    /// Names of the files of each package.
    packages: BTreeMap<&'a str, Vec<&'a str>>,
}

/// A file; what is in it by its name without the package, such as `Outer.Inner`.
pub(super) struct File<'a> {
    pub(super) proto: &'a FileDescriptorProto,
    pub(super) options: FileOptions,
    pub(super) messages: BTreeMap<String, Message<'a>>,
    pub(super) enums: BTreeMap<String, Enum<'a>>,
    pub(super) extensions: BTreeMap<String, Field<'a>>,
    pub(super) services: BTreeMap<&'a str, Service<'a>>,
}

/// A message, map entries included.
pub(super) struct Message<'a> {
    pub(super) file: &'a FileDescriptorProto,
    pub(super) proto: &'a DescriptorProto,
    pub(super) spot: Spot<'a>,
    /// Fields by number.
    pub(super) fields: BTreeMap<i32, Field<'a>>,
}

/// A field or an extension.
pub(super) struct Field<'a> {
    pub(super) file: &'a FileDescriptorProto,
    pub(super) proto: &'a FieldDescriptorProto,
    /// The message that holds it; not the one that an extension extends.
    pub(super) parent: Option<&'a DescriptorProto>,
    /// Name with package and messages around it.
    pub(super) full_name: String,
    path: Vec<i32>,
    /// Where a map entry is, which has no place of its own.
    entry: Option<Vec<i32>>,
    /// Message of the entries, if the field is a map.
    pub(super) map: bool,
}

/// An enum.
#[derive(Clone)]
pub(super) struct Enum<'a> {
    pub(super) file: &'a FileDescriptorProto,
    pub(super) proto: &'a EnumDescriptorProto,
    path: Vec<i32>,
}

/// A service.
pub(super) struct Service<'a> {
    pub(super) file: &'a FileDescriptorProto,
    pub(super) proto: &'a ServiceDescriptorProto,
    path: Vec<i32>,
}

/// A method.
pub(super) struct Method<'a> {
    pub(super) service: &'a str,
    pub(super) file: &'a FileDescriptorProto,
    pub(super) proto: &'a MethodDescriptorProto,
    path: Vec<i32>,
}

/// A file, and the paths of its descriptor to look for in it: the first that has a place counts.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    pub(super) file: &'a str,
    pub(super) paths: Vec<Vec<i32>>,
}

impl<'a> Tree<'a> {
    /// Lists everything in an image.
    pub(super) fn new(image: &'a Image) -> Self {
        let files = image.files().map(|file| (file.name(), File::new(file))).collect();
        let mut packages: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for file in image.files() {
            packages.entry(file.package()).or_default().push(file.name());
        }
        Self { files, packages }
    }

    /// Finds something by its full name: in the files of each package that the name may begin with.
    pub(super) fn find<T>(
        &self,
        name: &str,
        find: impl Fn(&File<'a>, &str) -> Option<T>,
    ) -> Option<T> {
        let packages = enclosing(name).chain([""]).filter_map(|it| self.packages.get(it)).flatten();
        packages.map(|file| &self.files[file]).find_map(|file| find(file, file.nested(name)?))
    }

    /// Tells whether a service or a type has this full name.
    pub(super) fn has(&self, name: &str) -> bool {
        let service = |file: &File<'a>, nested: &str| file.services.get(nested).map(|_| ());
        self.is_type(name) || self.find(name, service).is_some()
    }

    /// Tells whether a message or an enum has this full name.
    pub(super) fn is_type(&self, name: &str) -> bool {
        let has = |file: &File<'a>, nested: &str| {
            (file.messages.contains_key(nested) || file.enums.contains_key(nested)).then_some(())
        };
        self.find(name, has).is_some()
    }

    /// Name of a field by its number.
    pub(super) fn field_name(&self, message: &str, number: u32) -> Option<&'a str> {
        let number = i32::try_from(number).ok()?;
        self.find(message, |file, nested| {
            Some(file.messages.get(nested)?.fields.get(&number)?.proto.name())
        })
    }

    /// Files of a package.
    pub(super) fn of_package(&self, package: &str) -> impl Iterator<Item = &File<'a>> {
        self.packages.get(package).into_iter().flatten().map(|file| &self.files[file])
    }

    /// Finds an enum by its full name, with or without a dot before it.
    pub(super) fn enumeration(&self, name: &str) -> Option<Enum<'a>> {
        self.find(name.trim_start_matches('.'), |file, nested| file.enums.get(nested).cloned())
    }
}

impl<'a> File<'a> {
    fn new(proto: &'a FileDescriptorProto) -> Self {
        let mut file = Self {
            proto,
            options: proto.options.clone().unwrap_or_default(),
            messages: BTreeMap::new(),
            enums: BTreeMap::new(),
            extensions: BTreeMap::new(),
            services: BTreeMap::new(),
        };
        for (index, message) in (0..).zip(&proto.message_type) {
            file.add_message("", &[4, index], None, message);
        }
        for (index, it) in (0..).zip(&proto.enum_type) {
            file.add_enum("", vec![5, index], it);
        }
        for (index, it) in (0..).zip(&proto.extension) {
            file.add_extension("", vec![7, index], None, it);
        }
        for (index, it) in (0..).zip(&proto.service) {
            let service = Service { file: proto, proto: it, path: vec![6, index] };
            file.services.insert(it.name(), service);
        }
        file
    }

    fn add_message(
        &mut self,
        prefix: &str,
        path: &[i32],
        entry: Option<Vec<i32>>,
        proto: &'a DescriptorProto,
    ) {
        let name = format!("{prefix}{}", proto.name());
        let inside = format!("{name}.");
        let full_name = full(self.proto.package(), &name);
        let entries: BTreeSet<_> = proto
            .nested_type
            .iter()
            .filter(|it| it.options.as_ref().is_some_and(MessageOptions::map_entry))
            .map(|it| format!(".{full_name}.{}", it.name()))
            .collect();
        let fields = (0..).zip(&proto.field).map(|(index, it)| {
            let field = Field {
                file: self.proto,
                proto: it,
                parent: Some(proto),
                full_name: format!("{full_name}.{}", it.name()),
                path: at(path, &[2, index]),
                entry: entry.clone(),
                map: entries.contains(it.type_name()),
            };
            (it.number(), field)
        });
        let fields: BTreeMap<_, _> = fields.collect();
        for (index, it) in (0..).zip(&proto.nested_type) {
            let type_name = format!(".{full_name}.{}", it.name());
            let of =
                fields.values().find(|field| field.map && field.proto.type_name() == type_name);
            let entry = of.map(|field| at(&field.path, &[6]));
            self.add_message(&inside, &at(path, &[3, index]), entry, it);
        }
        for (index, it) in (0..).zip(&proto.enum_type) {
            self.add_enum(&inside, at(path, &[4, index]), it);
        }
        for (index, it) in (0..).zip(&proto.extension) {
            self.add_extension(&inside, at(path, &[6, index]), Some(proto), it);
        }
        let paths = std::iter::once(path.to_vec()).chain(entry).collect();
        let spot = Spot { file: self.proto.name(), paths };
        self.messages.insert(name, Message { file: self.proto, proto, spot, fields });
    }

    fn add_enum(&mut self, prefix: &str, path: Vec<i32>, proto: &'a EnumDescriptorProto) {
        let name = format!("{prefix}{}", proto.name());
        self.enums.insert(name, Enum { file: self.proto, proto, path });
    }

    fn add_extension(
        &mut self,
        prefix: &str,
        path: Vec<i32>,
        parent: Option<&'a DescriptorProto>,
        proto: &'a FieldDescriptorProto,
    ) {
        let name = format!("{prefix}{}", proto.name());
        let full_name = full(self.proto.package(), &name);
        let file = self.proto;
        let field = Field { file, proto, parent, full_name, path, entry: None, map: false };
        self.extensions.insert(name, field);
    }

    /// The place of one thing in it.
    pub(super) fn spot(&self, path: &[i32]) -> Spot<'a> {
        Spot { file: self.proto.name(), paths: vec![path.to_vec()] }
    }

    /// The file, at no place in particular.
    pub(super) fn whole(&self) -> Spot<'a> {
        Spot { file: self.proto.name(), paths: Vec::new() }
    }

    /// A full name without the package of the file; `None` if it is of another one.
    pub(super) fn nested<'n>(&self, name: &'n str) -> Option<&'n str> {
        match self.proto.package() {
            "" => Some(name),
            package => name.strip_prefix(package)?.strip_prefix('.'),
        }
    }

    /// The message around a thing that is gone, or else the file.
    pub(super) fn around(&self, nested_name: &str) -> Spot<'a> {
        enclosing(nested_name).find_map(|name| self.messages.get(name)).map_or_else(
            || Spot { file: self.proto.name(), paths: Vec::new() },
            |it| it.spot.clone(),
        )
    }

    /// Full names of its services and types.
    pub(super) fn full_names(&self) -> Vec<String> {
        let services = self.services.keys().map(|name| self.full(name));
        let types = self.messages.keys().chain(self.enums.keys()).map(|name| self.full(name));
        services.chain(types).collect()
    }

    /// A name with the package before it.
    pub(super) fn full(&self, nested_name: &str) -> String {
        full(self.proto.package(), nested_name)
    }
}

/// The names of the messages around a nested name, from the inside.
pub(super) fn enclosing(nested_name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(nested_name), |name| Some(name.rsplit_once('.')?.0)).skip(1)
}

impl<'a> Message<'a> {
    /// The place of one of its options, or nothing.
    pub(super) fn option(&self, number: i32) -> Spot<'a> {
        Spot { file: self.spot.file, paths: vec![at(&self.spot.paths[0], &[7, number])] }
    }
}

impl<'a> Field<'a> {
    /// The field.
    pub(super) fn spot(&self) -> Spot<'a> {
        let paths = std::iter::once(self.path.clone()).chain(self.entry.clone()).collect();
        Spot { file: self.file.name(), paths }
    }

    /// Its name.
    pub(super) fn name_spot(&self) -> Spot<'a> {
        self.part(&[1]).or(self.spot())
    }

    /// Its type, which has another tag for messages and enums.
    pub(super) fn type_spot(&self) -> Spot<'a> {
        let named = matches!(self.kind(), Type::Message | Type::Group | Type::Enum);
        let mut spot = self.part(&[if named { 6 } else { 5 }]);
        spot.paths.extend(self.entry.clone());
        spot
    }

    /// A part of it, or nothing.
    pub(super) fn part(&self, tail: &[i32]) -> Spot<'a> {
        Spot { file: self.file.name(), paths: vec![at(&self.path, tail)] }
    }

    /// Tells whether it extends a message from outside.
    pub(super) fn is_extension(&self) -> bool {
        self.proto.extendee.is_some()
    }

    /// Its type without the name of it.
    pub(super) fn kind(&self) -> Type {
        self.proto.r#type()
    }

    /// Full name of its message or enum.
    pub(super) fn type_name(&self) -> &'a str {
        self.proto.type_name().trim_start_matches('.')
    }

    /// Tells whether it is a key or value of a map.
    pub(super) fn is_in_entry(&self) -> bool {
        self.entry.is_some()
    }

    /// Tells whether it has to be there.
    pub(super) fn is_required(&self) -> bool {
        self.proto.label() == Label::Required
    }

    /// The oneof that it is written in.
    pub(super) fn oneof(&self) -> Option<&'a str> {
        let index = self.proto.oneof_index.filter(|_| !self.proto.proto3_optional())?;
        let index = usize::try_from(index).ok()?;
        Some(self.parent?.oneof_decl.get(index)?.name())
    }

    /// Says which field it is.
    pub(super) fn describe(&self) -> String {
        let name = if self.is_extension() { &*self.full_name } else { self.proto.name() };
        self.described(&format!(" with name \"{name}\""))
    }

    /// Says which field it is, without its name.
    pub(super) fn describe_number(&self) -> String {
        self.described("")
    }

    fn described(&self, name: &str) -> String {
        let (kind, message) = if self.is_extension() {
            ("Extension", self.proto.extendee().trim_start_matches('.'))
        } else {
            ("Field", self.parent.map_or("", DescriptorProto::name))
        };
        format!("{kind} \"{}\"{name} on message \"{message}\"", self.proto.number())
    }
}

impl<'a> Enum<'a> {
    /// The enum.
    pub(super) fn spot(&self) -> Spot<'a> {
        Spot { file: self.file.name(), paths: vec![self.path.clone()] }
    }

    /// Names and indices of its values by number.
    pub(super) fn numbers(&self) -> BTreeMap<i32, BTreeMap<&'a str, i32>> {
        let mut numbers: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for (index, value) in (0..).zip(&self.proto.value) {
            numbers.entry(value.number()).or_default().insert(value.name(), index);
        }
        numbers
    }

    /// The number of a value.
    pub(super) fn value_spot(&self, index: i32) -> Spot<'a> {
        Spot { file: self.file.name(), paths: vec![at(&self.path, &[2, index, 2])] }
    }
}

impl<'a> Service<'a> {
    /// The service.
    pub(super) fn spot(&self) -> Spot<'a> {
        Spot { file: self.file.name(), paths: vec![self.path.clone()] }
    }

    /// Its methods by name.
    pub(super) fn methods(&self) -> BTreeMap<&'a str, Method<'a>> {
        let methods = (0..).zip(&self.proto.method).map(|(index, proto)| {
            let path = at(&self.path, &[2, index]);
            (proto.name(), Method { service: self.proto.name(), file: self.file, proto, path })
        });
        methods.collect()
    }
}

impl<'a> Method<'a> {
    /// The method.
    pub(super) fn spot(&self) -> Spot<'a> {
        self.part(&[])
    }

    /// A part of it, or nothing.
    pub(super) fn part(&self, tail: &[i32]) -> Spot<'a> {
        Spot { file: self.file.name(), paths: vec![at(&self.path, tail)] }
    }

    /// Says which method it is.
    pub(super) fn describe(&self) -> String {
        format!("RPC \"{}\" on service \"{}\"", self.proto.name(), self.service)
    }
}

impl Spot<'_> {
    /// Looks elsewhere if nothing is here.
    pub(super) fn or(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        self
    }
}

/// Tells whether a file is of the second version of the language.
pub(super) fn is_proto2(file: &FileDescriptorProto) -> bool {
    file.syntax() != "proto3"
}

fn at(path: &[i32], tail: &[i32]) -> Vec<i32> {
    [path, tail].concat()
}

/// A name with the package before it.
pub(super) fn full(package: &str, nested_name: &str) -> String {
    match package {
        "" => nested_name.to_owned(),
        package => format!("{package}.{nested_name}"),
    }
}
