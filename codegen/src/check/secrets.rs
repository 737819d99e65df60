//! Fields marked `sensitive`, wherever in a message they are.

use std::collections::BTreeSet;

use crate::schema::survey::{Field, Survey, Value};

/// The first secret field of a message, or of what it is made of.
pub(super) fn secret<'a>(survey: &'a Survey, message: &'a str) -> Option<&'a Field> {
    let fields = &survey.messages.get(message)?.fields;
    secret_among(survey, fields)
}

/// The first secret field among these, or in what they hold.
pub(super) fn secret_among<'a>(
    survey: &'a Survey,
    fields: impl IntoIterator<Item = &'a Field>,
) -> Option<&'a Field> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = fields.into_iter().collect();
    while !open.is_empty() {
        if let Some(field) = open.iter().find(|field| field.sensitive) {
            return Some(field);
        }
        let inside = open.iter().filter_map(|field| match &field.value {
            Value::Message(inner) => survey.messages.get(inner),
            _ => None,
        });
        let inside = inside.filter(|message| seen.insert(&message.full_name));
        open = inside.flat_map(|message| &message.fields).collect();
    }
    None
}
