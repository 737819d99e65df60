//! Elements of a file as they are written.

use prost_reflect::prost_types::{MessageOptions, MethodOptions, ServiceOptions};
use prost_reflect::{
    Cardinality, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, ServiceDescriptor, Syntax,
};

use super::{IdempotencyLevel, Survey};
use crate::schema::option::{self, Level};

/// Where an element is: its file, its path in the descriptor, and which options it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) file: String,
    pub(crate) path: Vec<i32>,
    pub(super) level: Level,
}

/// A service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) docs: String,
    pub(crate) deprecated: bool,
    /// Options as written.
    pub(crate) options: option::Service,
    pub(crate) element: Element,
    pub(crate) methods: Vec<Method>,
}

/// A method.
#[derive(Debug)]
pub(crate) struct Method {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) docs: String,
    pub(crate) deprecated: bool,
    pub(crate) level: IdempotencyLevel,
    pub(crate) client_streaming: bool,
    pub(crate) server_streaming: bool,
    /// Full name of the request.
    pub(crate) request: String,
    /// Full name of the response.
    pub(crate) response: String,
    /// Options as written.
    pub(crate) options: option::Method,
    /// Route over HTTP, if it has one.
    pub(crate) http: Option<option::Http>,
    pub(crate) element: Element,
}

/// A message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) package: String,
    pub(crate) docs: String,
    pub(crate) deprecated: bool,
    /// Options as written, if it is an event.
    pub(crate) event: Option<option::Event>,
    pub(crate) element: Element,
    /// Fields in the order of declaration.
    pub(crate) fields: Vec<Field>,
    /// Names and places of its oneofs.
    pub(crate) oneofs: Vec<(String, Element)>,
}

/// A field.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) value: Value,
    pub(crate) repeated: bool,
    /// Type of the keys, for a map; `value` is then the type of its values.
    pub(crate) key: Option<Value>,
    /// Whether absence differs from the default, in Rust an `Option`.
    pub(crate) optional: bool,
    /// Oneof that it is a member of.
    pub(crate) oneof: Option<String>,
    pub(crate) sensitive: bool,
    pub(crate) element: Element,
}

/// Type of a field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text,
    Bytes,
    Bool,
    Integer(&'static str),
    Float(&'static str),
    Enum(String),
    Message(String),
}

/// An enum.
#[derive(Debug)]
pub(crate) struct Enumeration {
    pub(crate) name: String,
    pub(crate) full_name: String,
    pub(crate) package: String,
    pub(crate) element: Element,
    /// Names, numbers and places of its values.
    pub(crate) values: Vec<(String, i32, Element)>,
}

impl Element {
    fn new(file: &str, path: &[i32], level: Level) -> Self {
        Self { file: file.to_owned(), path: path.to_vec(), level }
    }

    pub(super) fn of_file(file: &FileDescriptor) -> Self {
        Self::new(file.name(), &[], Level::File)
    }
}

impl Survey {
    pub(super) fn service(&self, service: &ServiceDescriptor) -> Service {
        let file = service.parent_file();
        let element = Element::new(file.name(), service.path(), Level::Service);
        let standard = service.service_descriptor_proto().options.as_ref();
        Service {
            name: service.name().to_owned(),
            full_name: service.full_name().to_owned(),
            docs: self.docs(&element),
            deprecated: standard.is_some_and(ServiceOptions::deprecated),
            options: option::read(&service.options(), self.levels.get(Level::Service))
                .unwrap_or_default(),
            methods: service.methods().map(|method| self.method(&method)).collect(),
            element,
        }
    }

    fn method(&self, method: &MethodDescriptor) -> Method {
        let file = method.parent_file();
        let element = Element::new(file.name(), method.path(), Level::Method);
        let options = method.options();
        let standard = method.method_descriptor_proto().options.as_ref();
        Method {
            name: method.name().to_owned(),
            full_name: method.full_name().to_owned(),
            docs: self.docs(&element),
            deprecated: standard.is_some_and(MethodOptions::deprecated),
            level: standard.map_or(IdempotencyLevel::IdempotencyUnknown, |options| {
                options.idempotency_level()
            }),
            client_streaming: method.is_client_streaming(),
            server_streaming: method.is_server_streaming(),
            request: method.input().full_name().to_owned(),
            response: method.output().full_name().to_owned(),
            options: option::read(&options, self.levels.get(Level::Method)).unwrap_or_default(),
            http: option::read(&options, self.levels.get(Level::Http)),
            element,
        }
    }

    pub(super) fn message(
        &mut self,
        message: &MessageDescriptor,
        messages: &mut Vec<String>,
        enums: &mut Vec<String>,
    ) {
        if message.is_map_entry() {
            return;
        }
        let file = message.parent_file();
        let element = Element::new(file.name(), message.path(), Level::Event);
        let proto = message.descriptor_proto();
        let fields = proto.field.iter().filter_map(|field| message.get_field_by_name(field.name()));
        let oneofs = message.oneofs().filter(|oneof| !oneof.is_synthetic()).map(|oneof| {
            let element = Element::new(file.name(), oneof.path(), Level::None);
            (oneof.name().to_owned(), element)
        });
        let standard = proto.options.as_ref();
        let event =
            standard.and_then(|_| option::read(&message.options(), self.levels.get(Level::Event)));
        let read = Message {
            name: message.name().to_owned(),
            full_name: message.full_name().to_owned(),
            package: message.package_name().to_owned(),
            docs: self.docs(&element),
            deprecated: standard.is_some_and(MessageOptions::deprecated),
            event,
            fields: fields.map(|field| self.field(&field)).collect(),
            oneofs: oneofs.collect(),
            element,
        };
        messages.push(read.full_name.clone());
        self.messages.insert(read.full_name.clone(), read);
        for child in message.child_messages() {
            self.message(&child, messages, enums);
        }
        for child in message.child_enums() {
            self.enumeration(&child, enums);
        }
    }

    fn field(&self, field: &FieldDescriptor) -> Field {
        let file = field.parent_file();
        let proto = field.field_descriptor_proto();
        let oneof = field.containing_oneof().filter(|oneof| !oneof.is_synthetic());
        let proto2 = file.syntax() == Syntax::Proto2;
        let kind = field.kind();
        let entry = kind.as_message().filter(|_| field.is_map());
        let key = entry.map(|entry| Value::of(&entry.map_entry_key_field().kind()));
        let value = entry.map_or_else(
            || Value::of(&kind),
            |entry| Value::of(&entry.map_entry_value_field().kind()),
        );
        let options = proto.options.is_some().then(|| field.options());
        let options: Option<option::Field> =
            options.and_then(|options| option::read(&options, self.levels.get(Level::Field)));
        Field {
            name: field.name().to_owned(),
            number: field.number(),
            repeated: field.cardinality() == Cardinality::Repeated,
            key,
            optional: oneof.is_none()
                && (proto.proto3_optional()
                    || (proto2 && field.cardinality() == Cardinality::Optional)),
            oneof: oneof.map(|oneof| oneof.name().to_owned()),
            sensitive: options.is_some_and(|options| options.sensitive),
            element: Element::new(file.name(), field.path(), Level::Field),
            value,
        }
    }

    pub(super) fn enumeration(&mut self, descriptor: &EnumDescriptor, enums: &mut Vec<String>) {
        let file = descriptor.parent_file();
        let values = descriptor.enum_descriptor_proto().value.iter();
        let values = values.filter_map(|value| descriptor.get_value_by_name(value.name()));
        let values = values.map(|value| {
            let element = Element::new(file.name(), value.path(), Level::None);
            (value.name().to_owned(), value.number(), element)
        });
        let read = Enumeration {
            name: descriptor.name().to_owned(),
            full_name: descriptor.full_name().to_owned(),
            package: descriptor.package_name().to_owned(),
            values: values.collect(),
            element: Element::new(file.name(), descriptor.path(), Level::None),
        };
        enums.push(read.full_name.clone());
        self.enums.insert(read.full_name.clone(), read);
    }

    fn docs(&self, element: &Element) -> String {
        self.locations[&element.file].docs(&element.path)
    }
}

impl Value {
    fn of(kind: &Kind) -> Self {
        match kind {
            Kind::String => Self::Text,
            Kind::Bytes => Self::Bytes,
            Kind::Bool => Self::Bool,
            Kind::Double => Self::Float("double"),
            Kind::Float => Self::Float("float"),
            Kind::Int32 => Self::Integer("int32"),
            Kind::Int64 => Self::Integer("int64"),
            Kind::Uint32 => Self::Integer("uint32"),
            Kind::Uint64 => Self::Integer("uint64"),
            Kind::Sint32 => Self::Integer("sint32"),
            Kind::Sint64 => Self::Integer("sint64"),
            Kind::Fixed32 => Self::Integer("fixed32"),
            Kind::Fixed64 => Self::Integer("fixed64"),
            Kind::Sfixed32 => Self::Integer("sfixed32"),
            Kind::Sfixed64 => Self::Integer("sfixed64"),
            Kind::Enum(descriptor) => Self::Enum(descriptor.full_name().to_owned()),
            Kind::Message(descriptor) => Self::Message(descriptor.full_name().to_owned()),
        }
    }

    /// The type as a schema writes it.
    pub(crate) fn word(&self) -> &str {
        match self {
            Self::Text => "string",
            Self::Bytes => "bytes",
            Self::Bool => "bool",
            Self::Integer(name) | Self::Float(name) => name,
            Self::Enum(name) | Self::Message(name) => name,
        }
    }
}
