//! Options as schemas write them: one message a level, as in `options.proto`.
//!
//! Everything optional stays optional here: unset is different from zero, and what is inherited is decided where the
//! model is built.

mod bucket;
mod cache;
mod event;
mod field;
mod file;
mod http;
mod method;
mod policy;
mod service;
mod stream;

pub(crate) use bucket::{Bucket, Index};
pub(crate) use cache::Cache;
pub(crate) use event::Event;
pub(crate) use field::Field;
pub(crate) use file::File;
pub(crate) use http::{Http, Pattern};
pub(crate) use method::{KEYED, Method};
pub(crate) use policy::{Adaptive, Breaker, Hedge, Retry};
pub(crate) use service::Service;
pub(crate) use stream::{STORAGE_MEMORY, Stream};

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, ExtensionDescriptor};

/// What can carry options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// A file.
    File,
    /// A service.
    Service,
    /// A method.
    Method,
    /// A message that is an event.
    Event,
    /// A field.
    Field,
    /// A method's route over HTTP.
    Http,
    /// Anything that has no options of ours.
    None,
}

/// The one table of levels: the extension's name, and the tag of the standard options in the element's descriptor.
const LEVELS: &[(Level, &str, i32)] = &[
    (Level::File, "file", 8),
    (Level::Service, "service", 3),
    (Level::Method, "method", 4),
    (Level::Event, "event", 7),
    (Level::Field, "field", 8),
    (Level::Http, "google.api.http", 4),
];

impl Level {
    /// Tag of the standard options in the element's descriptor.
    pub(crate) fn tag(self) -> i32 {
        LEVELS.iter().find(|(level, ..)| *level == self).map_or(0, |(_, _, tag)| *tag)
    }
}

/// Extensions of one workspace's options package.
#[derive(Debug)]
pub(crate) struct Levels(Vec<(Level, ExtensionDescriptor)>);

impl Levels {
    /// Looks the extensions up; a pool whose files don't import the options has none.
    pub(crate) fn new(pool: &DescriptorPool, package: &str) -> Self {
        let find = |name: &str| {
            // Google's own is written in full.
            let full =
                if name.contains('.') { name.to_owned() } else { format!("{package}.{name}") };
            pool.get_extension_by_name(&full)
        };
        let levels = LEVELS.iter();
        Self(levels.filter_map(|(level, name, _)| Some((*level, find(name)?))).collect())
    }

    /// The extension of a level.
    pub(crate) fn get(&self, level: Level) -> Option<&ExtensionDescriptor> {
        self.0.iter().find(|(found, _)| *found == level).map(|(_, extension)| extension)
    }
}

/// Tells whether an extension is that of services in some options package: by its name and what it holds.
pub(crate) fn is_of_services(extension: &ExtensionDescriptor) -> bool {
    extension.name() == "service"
        && extension.containing_message().full_name() == "google.protobuf.ServiceOptions"
        && extension.kind().as_message().is_some_and(|options| {
            let has = |name| options.get_field_by_name(name).is_some();
            has("subject") && has("queue_group")
        })
}

/// Reads one level's options from those of an element; `None` where they are not written.
pub(crate) fn read<T: Message + Default>(
    options: &DynamicMessage,
    level: Option<&ExtensionDescriptor>,
) -> Option<T> {
    let level = level.filter(|level| options.has_extension(level))?;
    let value = options.get_extension(level);
    // A workspace's own copy of the options may have another type here: then nothing is read.
    value.as_message()?.transcode_to().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prost_reflect::{Kind, MessageDescriptor, ReflectMessage as _, Value};

    use super::*;
    use crate::schema::compile::compile;

    type Reader = fn(&DynamicMessage) -> Vec<u8>;

    /// Every message of `options.proto` and what reads it. A message that nobody lists fails a test.
    const READERS: &[(&str, Reader)] = &[
        ("FileOptions", again::<File>),
        ("ServiceOptions", again::<Service>),
        ("MethodOptions", again::<Method>),
        ("EventOptions", again::<Event>),
        ("FieldOptions", again::<Field>),
        ("Stream", again::<Stream>),
        ("Retry", again::<Retry>),
        ("Adaptive", again::<Adaptive>),
        ("Breaker", again::<Breaker>),
        ("Hedge", again::<Hedge>),
        ("Cache", again::<Cache>),
        ("Bucket", again::<Bucket>),
        ("Index", again::<Index>),
        ("EarlierValue", again::<bucket::EarlierValue>),
    ];

    fn again<T: Message + Default>(message: &DynamicMessage) -> Vec<u8> {
        message.transcode_to::<T>().expect("the shapes agree").encode_to_vec()
    }

    /// A message with every field set to something that is not its default.
    fn full(descriptor: &MessageDescriptor) -> DynamicMessage {
        let mut message = DynamicMessage::new(descriptor.clone());
        for field in descriptor.fields() {
            let value = match field.kind() {
                Kind::String => Value::String("x".to_owned()),
                Kind::Uint32 => Value::U32(7),
                Kind::Uint64 => Value::U64(7),
                Kind::Bool => Value::Bool(true),
                Kind::Enum(_) => Value::EnumNumber(1),
                Kind::Message(inner) => Value::Message(full(&inner)),
                other => panic!("no reader knows {other:?} yet"),
            };
            let value = if field.is_list() { Value::List(vec![value]) } else { value };
            message.set_field(&field, value);
        }
        message
    }

    #[test]
    fn every_field_of_the_options_is_read() {
        let name = "bodybroker/options/v1/options.proto";
        let text = crate::schema::carried::carried(name).expect("the library carries its options");
        let pool = compile(BTreeMap::from([(name.to_owned(), text.to_owned())])).pool;
        let file = pool.get_file_by_name(name).expect("the options compile");
        for descriptor in file.messages() {
            let reader = READERS.iter().find(|(name, _)| *name == descriptor.name());
            let (_, read) = reader.unwrap_or_else(|| panic!("nobody reads {}", descriptor.name()));
            let message = full(&descriptor);
            let kept = DynamicMessage::decode(descriptor.clone(), read(&message).as_slice());
            assert_eq!(kept, Ok(message), "a field of {} is read by nobody", descriptor.name());
        }
        assert_eq!(
            full(&file.messages().next().expect("messages")).descriptor().name(),
            "FileOptions"
        );
    }
}
