//! Indexes of buckets as they are written.

use super::Context;
use crate::diagnostic::Place;
use crate::schema::option::{Bucket, Index};
use crate::schema::survey::{Field, Message, Service, Survey, Value};

/// An index of one bucket.
pub(super) struct Written<'a> {
    pub(super) service: &'a Service,
    pub(super) bucket: &'a Bucket,
    pub(super) index: &'a Index,
    /// Path of the index in the service's options.
    path: String,
    /// Message that the bucket stores, if it is there.
    pub(super) value: Option<&'a Message>,
}

impl Written<'_> {
    /// Place of a part of it, such as `name`.
    pub(super) fn place(&self, survey: &Survey, part: &str) -> Place {
        survey.option(&self.service.element, &format!("{}.{part}", self.path))
    }
}

/// Every index.
pub(super) fn written<'a>(context: &Context<'a>) -> impl Iterator<Item = Written<'a>> {
    let survey = context.survey;
    survey.buckets().flat_map(move |(file, service, at, bucket)| {
        let value = survey.find_message(&file.package, &bucket.value);
        bucket.indexes.iter().enumerate().map(move |(nth, index)| {
            let path = format!("buckets[{at}].indexes[{nth}]");
            Written { service, bucket, index, path, value }
        })
    })
}

/// The fields on a path, as far as they are there, and the name of what isn't with the message that lacks it.
pub(super) fn walk<'a, 'p>(
    survey: &'a Survey,
    value: &'a Message,
    path: &'p str,
) -> (Vec<&'a Field>, Option<(&'p str, &'a Message)>) {
    let (mut fields, mut message) = (Vec::new(), Some(value));
    for name in path.split('.') {
        let Some(inside) = message else { break };
        let Some(field) = inside.fields.iter().find(|field| field.name == name) else {
            return (fields, Some((name, inside)));
        };
        fields.push(field);
        message = match &field.value {
            Value::Message(inner) => survey.messages.get(inner),
            _ => None,
        };
    }
    (fields, None)
}
