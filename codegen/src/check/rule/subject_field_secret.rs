//! Keeps secret fields out of subjects.
//!
//! # Why
//! Subjects are in the clear: servers log them, monitors show them, permissions list them.
//!
//! # Fix
//! Name a field that is no secret, such as an id.

use crate::check::holes::{Hole, holes};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "SUBJECT_FIELD_SECRET", source: include_str!("subject_field_secret.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for Hole { name, element, path, message } in holes(context.survey) {
        let mut fields = message.fields.iter();
        let Some(field) = fields.find(|field| field.name == name && field.sensitive) else {
            continue;
        };
        let place = context.survey.part(element, path, &format!("{{{name}}}"));
        let text = format!("`{name}` is secret, and a subject is in the clear");
        let marked = context.survey.name(&field.element);
        findings.push(
            Finding::new(RULE.id, text, place)
                .related(marked, "marked `sensitive`")
                .help("name a field that is no secret, such as an id"),
        );
    }
}
