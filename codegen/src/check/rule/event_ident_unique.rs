//! Keeps the events of a package apart by their own names.
//!
//! # Why
//! Each event becomes a method of the package's publisher, named without the messages around it: `Gate.Opened` and
//! `Opened` would both be published by `opened`.
//!
//! # Fix
//! Rename one of them.

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::ident;

pub(in crate::check) const RULE: Rule =
    Rule { id: "EVENT_IDENT_UNIQUE", source: include_str!("event_ident_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: Vec<(&str, String, &str, Place)> = Vec::new();
    for (file, message, _) in context.survey.events() {
        let ident = ident::snake(&message.name);
        let place = context.survey.name(&message.element);
        let other =
            seen.iter().find(|(package, known, ..)| *package == file.package && *known == ident);
        if let Some((_, _, other, first)) = other {
            let text =
                format!("events `{}` and `{other}` both become `{ident}`", message.full_name);
            findings.push(
                Finding::new(RULE.id, text, place)
                    .related(first.clone(), "the other one")
                    .help("rename one of them"),
            );
        } else {
            seen.push((&file.package, ident, &message.full_name, place));
        }
    }
}
