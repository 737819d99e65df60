//! Which types the code of a package names, and where its schemas ask for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::element::{Element, Message, Service, Value};
use super::{File, Survey};
use crate::diagnostic::Place;
use crate::schema::build::follow;
use crate::schema::option::Bucket;

/// Tags of what names a type: in a field's descriptor, and in a method's.
const FIELD_TYPE: i32 = 6;
const REQUEST: i32 = 2;
const RESPONSE: i32 = 3;

/// A message or an enum that the code of a package names.
pub(crate) struct Use<'a> {
    /// Its full name.
    pub(crate) name: &'a str,
    /// Full name of the package that declares it.
    pub(crate) package: &'a str,
    at: At<'a>,
}

/// Where it is asked for.
enum At<'a> {
    /// At a tag of an element's descriptor.
    Tag(&'a Element, i32),
    /// In one value of an element's options.
    Option(&'a Element, String),
}

impl Survey {
    /// Types of a package's fields, methods, buckets and lookups, and of the events that it consumes.
    pub(crate) fn uses(&self, package: &str) -> Vec<Use<'_>> {
        let mut uses = Vec::new();
        for file in self.files_of(package) {
            let messages = file.messages.iter().filter_map(|name| self.messages.get(name));
            for field in messages.flat_map(|message| &message.fields) {
                uses.extend(self.named(&field.value, At::Tag(&field.element, FIELD_TYPE)));
            }
            for service in &file.services {
                self.of_service(file, service, &mut uses);
            }
        }
        uses
    }

    /// Where a type is asked for.
    pub(crate) fn place_of(&self, used: &Use<'_>) -> Place {
        match &used.at {
            At::Tag(element, tag) => self.tagged(element, *tag),
            At::Option(element, path) => self.option(element, path),
        }
    }

    /// Text of every file.
    pub(crate) fn texts(&self) -> BTreeMap<String, Arc<str>> {
        let texts = self.locations.iter();
        texts.map(|(name, locations)| (name.clone(), locations.shared())).collect()
    }

    fn of_service<'a>(&'a self, file: &File, service: &'a Service, uses: &mut Vec<Use<'a>>) {
        for method in &service.methods {
            for (name, tag) in [(&method.request, REQUEST), (&method.response, RESPONSE)] {
                let message = self.messages.get(name);
                uses.extend(message.map(|it| Use::of(it, At::Tag(&method.element, tag))));
            }
        }
        for (at, name) in service.options.consumes.iter().enumerate() {
            let event = self.find_message(&file.package, name).filter(|it| it.event.is_some());
            let at = At::Option(&service.element, format!("consumes[{at}]"));
            uses.extend(event.map(|it| Use::of(it, at)));
        }
        for (at, bucket) in service.options.buckets.iter().enumerate() {
            let option =
                |path: String| At::Option(&service.element, format!("buckets[{at}].{path}"));
            self.of_bucket(file, bucket, option, uses);
        }
    }

    fn of_bucket<'a>(
        &'a self,
        file: &File,
        bucket: &Bucket,
        option: impl Fn(String) -> At<'a>,
        uses: &mut Vec<Use<'a>>,
    ) {
        let value = self.find_message(&file.package, &bucket.value);
        uses.extend(value.map(|it| Use::of(it, option("value".to_owned()))));
        for (at, earlier) in bucket.earlier.iter().enumerate() {
            let message = self.find_message(&file.package, &earlier.value);
            uses.extend(message.map(|it| Use::of(it, option(format!("earlier[{at}].value")))));
        }
        for (at, index) in bucket.indexes.iter().enumerate() {
            for (nth, path) in index.fields.iter().enumerate() {
                let fields = value.and_then(|value| follow(self, value, path)).unwrap_or_default();
                let Some(field) = fields.last() else { continue };
                // A lookup takes enums, and what is no type of any package.
                if matches!(field.value, Value::Enum(_)) {
                    let at = option(format!("indexes[{at}].fields[{nth}]"));
                    uses.extend(self.named(&field.value, at));
                }
            }
        }
    }

    fn named<'a>(&'a self, value: &Value, at: At<'a>) -> Option<Use<'a>> {
        match value {
            Value::Message(name) => self.messages.get(name).map(|it| Use::of(it, at)),
            Value::Enum(name) => self.enums.get(name).map(|found| Use {
                name: &found.full_name,
                package: &found.package,
                at,
            }),
            Value::Text | Value::Bytes | Value::Bool | Value::Integer(_) | Value::Float(_) => None,
        }
    }
}

impl<'a> Use<'a> {
    fn of(message: &'a Message, at: At<'a>) -> Self {
        Self { name: &message.full_name, package: &message.package, at }
    }
}
