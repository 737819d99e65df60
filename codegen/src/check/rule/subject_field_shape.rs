//! Keeps the fields that a subject names to those that can be one token.
//!
//! # Why
//! A token needs exactly one value with one spelling: a text, an integer, an enum or a bool. A list has many or none, a
//! float many spellings, a member of a oneof may not be there, and a stream of requests has no single message.
//!
//! # Fix
//! Name a singular field of such a type, outside of any oneof.

use crate::check::holes::{Hole, holes};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::shape;
use crate::schema::survey::Value;
use crate::schema::template::{Piece, pieces};

pub(in crate::check) const RULE: Rule =
    Rule { id: "SUBJECT_FIELD_SHAPE", source: include_str!("subject_field_shape.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for Hole { name, element, path, message } in holes(context.survey) {
        let Some(field) = message.fields.iter().find(|field| field.name == name) else { continue };
        if shape(field).is_some() {
            continue;
        }
        let what = if let Some(oneof) = &field.oneof {
            format!("a member of oneof `{oneof}`")
        } else if field.key.is_some() {
            "a map".to_owned()
        } else if field.repeated {
            "repeated".to_owned()
        } else if matches!(field.value, Value::Message(_)) {
            format!("a message, `{}`", field.value.word())
        } else {
            format!("of type {}", field.value.word())
        };
        let place = context.survey.part(element, path, &format!("{{{name}}}"));
        let text = format!("`{name}` can't be a token of a subject: it is {what}");
        let defined = context.survey.name(&field.element);
        findings.push(
            Finding::new(RULE.id, text, place)
                .related(defined, "defined here")
                .help("name a singular string, integer, enum or bool outside of any oneof"),
        );
    }
    streams(context, findings);
}

/// A stream of requests has no one message to take a value from.
fn streams(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.survey.services().flat_map(|(_, service)| &service.methods);
    for method in methods.filter(|method| method.client_streaming) {
        let operation = method.options.operation.as_deref().unwrap_or_default();
        for piece in pieces(operation) {
            let Piece::Hole(name) = piece else { continue };
            let part = format!("{{{name}}}");
            let place = context.survey.part(&method.element, "operation", &part);
            let text = format!(
                "`{}` takes a stream of requests, so its subject can't name a field",
                method.name
            );
            findings.push(
                Finding::new(RULE.id, text, place)
                    .help("drop the field; there is no first message when the call begins"),
            );
        }
    }
}
