//! Keeps the fields that a subject names to those of its message.
//!
//! # Why
//! The value of the field becomes a token of the subject.
//!
//! # Fix
//! Name a field of the request, or of the event itself.

use crate::check::holes::{Hole, holes};
use crate::check::{Context, Rule, near};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "SUBJECT_FIELD_KNOWN", source: include_str!("subject_field_known.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for Hole { name, element, path, message } in holes(context.survey) {
        if message.fields.iter().any(|field| field.name == name) {
            continue;
        }
        let place = context.survey.part(element, path, &format!("{{{name}}}"));
        let text = format!("`{}` has no field `{name}`", message.name);
        let help = near::field(name, message, |name| format!("{{{name}}}"));
        let defined = context.survey.name(&message.element);
        findings
            .push(Finding::new(RULE.id, text, place).related(defined, "defined here").help(help));
    }
}
