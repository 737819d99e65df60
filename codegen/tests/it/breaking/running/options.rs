//! Which options two versions of a schema set to something else.

use std::collections::BTreeSet;

use bodybroker_codegen::check::image::Image;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, Value};

/// What carries options of ours.
const EXTENSIONS: &[&str] = &[
    "bodybroker.options.v1.event",
    "bodybroker.options.v1.field",
    "bodybroker.options.v1.file",
    "bodybroker.options.v1.method",
    "bodybroker.options.v1.service",
    "google.api.http",
];

/// An option that is written: at what, which, and its value.
type Written = (String, String, String);

/// Every option there is, as `Stream.max_age`.
pub(super) fn all(image: &Image) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for name in EXTENSIONS {
        let extension = image.pool().get_extension_by_name(name).expect("an imported extension");
        list(extension.kind().as_message().expect("a message"), &mut all);
    }
    all
}

fn list(message: &MessageDescriptor, all: &mut BTreeSet<String>) {
    for field in message.fields() {
        let new = match field.kind() {
            Kind::Message(inner) if inner == *message => continue,
            Kind::Message(inner) => {
                list(&inner, all);
                continue;
            }
            _ => format!("{}.{}", message.name(), field.name()),
        };
        // Names a method from outside; no schema that annotates its own methods writes it.
        if new != "HttpRule.selector" {
            all.insert(new);
        }
    }
}

/// Options that one of two schemas writes and the other doesn't.
pub(super) fn changed(old: &Image, new: &Image) -> BTreeSet<String> {
    let (old, new) = (written(old), written(new));
    old.symmetric_difference(&new).map(|(_, option, _)| option.clone()).collect()
}

fn written(image: &Image) -> BTreeSet<Written> {
    let mut found = BTreeSet::new();
    for file in image.pool().files().filter(|file| image.is_own(file.name())) {
        read(file.name(), &file.options(), &mut found);
        for service in file.services() {
            read(service.full_name(), &service.options(), &mut found);
            for method in service.methods() {
                read(method.full_name(), &method.options(), &mut found);
            }
        }
        for message in file.messages() {
            read(message.full_name(), &message.options(), &mut found);
            for field in message.fields() {
                read(field.full_name(), &field.options(), &mut found);
            }
        }
    }
    found
}

fn read(of: &str, options: &DynamicMessage, found: &mut BTreeSet<Written>) {
    for (extension, value) in options.extensions() {
        if EXTENSIONS.contains(&extension.full_name()) {
            leaves(of, extension.full_name(), value, found);
        }
    }
}

fn leaves(of: &str, name: &str, value: &Value, found: &mut BTreeSet<Written>) {
    match value {
        Value::Message(message) => {
            for (field, value) in message.fields() {
                let name = format!("{}.{}", field.parent_message().name(), field.name());
                leaves(of, &name, value, found);
            }
        }
        Value::List(values) => values.iter().for_each(|value| leaves(of, name, value, found)),
        other => {
            found.insert((of.to_owned(), name.to_owned(), format!("{other:?}")));
        }
    }
}
