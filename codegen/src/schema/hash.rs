//! The schema hash of a service: equal for schemas that a peer can't tell apart, whatever their comments and layout.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::model::Service;
use super::survey::{Survey, Value};

/// 16 hex digits over subjects, kinds, time-outs and the shapes of all messages that a peer sends or receives.
pub(super) fn hash(survey: &Survey, service: &Service) -> String {
    let facts = facts(survey, service);
    blake3::hash(facts.as_bytes()).to_hex()[..16].to_owned()
}

fn facts(survey: &Survey, service: &Service) -> String {
    let mut text = format!("service {}\n", service.full_name);
    let mut types = BTreeSet::new();
    let mut methods: Vec<_> = service.methods.iter().collect();
    methods.sort_by(|a, b| a.name.cmp(&b.name));
    for method in methods {
        let (request, response) = (&method.request.full_name, &method.response.full_name);
        line(
            &mut text,
            format_args!(
                "method {} {:?} {} {request} {response} {:?} {:?}",
                method.name, method.kind, method.subject.text, method.timeout, method.idempotency,
            ),
        );
        for error in &method.errors {
            line(&mut text, format_args!("error {} {}", method.name, error.name));
            types.extend(error.details.iter().map(|details| &details.full_name));
        }
        types.extend([request, response]);
    }
    let consumes = service.consumes.iter().map(|consume| &consume.event);
    for event in consumes {
        let name = &event.message.full_name;
        line(&mut text, format_args!("consume {name} {} {}", event.subject.text, event.stream));
        types.insert(name);
    }
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = types.into_iter().map(String::as_str).collect();
    let mut shapes = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name) {
            shapes.insert(shape(survey, name, &mut open));
        }
    }
    text.extend(shapes);
    text
}

/// One message or enum, its fields in the order of their numbers; what they refer to goes on the list.
fn shape<'a>(survey: &'a Survey, name: &'a str, open: &mut Vec<&'a str>) -> String {
    let mut text = String::new();
    if let Some(message) = survey.messages.get(name) {
        line(&mut text, format_args!("message {name}"));
        let mut fields: Vec<_> = message.fields.iter().collect();
        fields.sort_by_key(|field| field.number);
        for field in fields {
            let label = match (&field.key, field.repeated, field.optional) {
                (Some(key), ..) => key.word(),
                (None, true, _) => "repeated",
                (None, false, true) => "optional",
                (None, false, false) => "single",
            };
            let oneof = field.oneof.as_deref().unwrap_or("-");
            let (number, name, word) = (field.number, &field.name, field.value.word());
            let sealed = if field.sensitive { " sealed" } else { "" };
            line(&mut text, format_args!("field {number} {name} {label} {word} {oneof}{sealed}"));
            match &field.value {
                Value::Message(inner) | Value::Enum(inner) => open.push(inner),
                Value::Text | Value::Bytes | Value::Bool | Value::Integer(_) | Value::Float(_) => {}
            }
        }
    } else if let Some(enumeration) = survey.enums.get(name) {
        line(&mut text, format_args!("enum {name}"));
        let mut values: Vec<_> = enumeration.values.iter().collect();
        values.sort_by_key(|(name, number, _)| (*number, name.clone()));
        for (name, number, _) in values {
            line(&mut text, format_args!("value {number} {name}"));
        }
    }
    text
}

fn line(text: &mut String, facts: std::fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = writeln!(text, "{facts}");
}
