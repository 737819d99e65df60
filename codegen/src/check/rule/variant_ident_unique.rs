//! Keeps the values of an enum and the fields of a message apart after case conversion.
//!
//! # Why
//! A value loses the name of its enum: `MOOD_GLAD` and `GLAD` are one variant of `Mood`. Fields become snake case.
//!
//! # Fix
//! Rename one of them.

use std::collections::BTreeSet;

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::ident;

pub(in crate::check) const RULE: Rule =
    Rule { id: "VARIANT_IDENT_UNIQUE", source: include_str!("variant_ident_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let survey = context.survey;
    for name in survey.files.iter().flat_map(|file| &file.enums) {
        let Some(found) = survey.enums.get(name) else { continue };
        let mut seen: Vec<(String, i32, &str, Place)> = Vec::new();
        for (value, number, element) in &found.values {
            let ident = ident::variant(&found.name, value);
            let place = survey.name(element);
            // An alias shares its number and is left out of the generated enum.
            if seen.iter().any(|(_, other, ..)| other == number) {
                continue;
            }
            if let Some((.., other, first)) = seen.iter().find(|(other, ..)| *other == ident) {
                findings.push(clash(value, other, &ident, place, first.clone()));
            } else {
                seen.push((ident, *number, value, place));
            }
        }
    }
    for (_, message) in survey.own_messages() {
        let mut seen: Vec<(String, &str, Option<&str>, Place)> = Vec::new();
        let mut oneofs: BTreeSet<&str> = BTreeSet::new();
        for field in &message.fields {
            let place = survey.name(&field.element);
            let oneof = field.oneof.as_deref();
            // Members of a oneof are variants of an enum of their own; the oneof itself is a field.
            let mut names = vec![(ident::snake(&field.name), field.name.as_str(), oneof)];
            if let Some(oneof) = oneof {
                names[0].0 = ident::camel(&field.name);
                if oneofs.insert(oneof) {
                    names.push((ident::snake(oneof), oneof, None));
                }
            }
            for (ident, name, scope) in names.into_iter().filter(|it| !it.0.is_empty()) {
                let other = seen.iter().find(|(known, _, at, _)| *known == ident && *at == scope);
                if let Some((_, other, _, first)) = other {
                    findings.push(clash(name, other, &ident, place.clone(), first.clone()));
                } else {
                    seen.push((ident, name, scope, place.clone()));
                }
            }
        }
    }
}

fn clash(name: &str, other: &str, ident: &str, place: Place, first: Place) -> Finding {
    Finding::new(RULE.id, format!("`{name}` and `{other}` both become `{ident}`"), place)
        .related(first, "the other one")
        .help("rename one of them")
}
