//! Keeps every stream in one place.
//!
//! # Why
//! Two declarations of a stream would differ sooner or later, and the last one to be provisioned would win. Names that
//! differ only in case or punctuation would become the same constant.
//!
//! # Fix
//! Delete one of them, or rename it.

use std::collections::BTreeMap;

use heck::ToSnakeCase as _;

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};

pub(in crate::check) const RULE: Rule =
    Rule { id: "STREAM_UNIQUE", source: include_str!("stream_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<String, (&str, Place)> = BTreeMap::new();
    for (file, index, stream) in context.survey.streams().filter(|it| !it.2.name.is_empty()) {
        let place = context.survey.option(&file.element, &format!("streams[{index}].name"));
        let ident = stream.name.to_snake_case();
        if let Some((name, first)) = seen.get(&ident) {
            let text = if *name == stream.name {
                format!("stream `{name}` is declared twice")
            } else {
                format!("streams `{name}` and `{}` become the same constant", stream.name)
            };
            findings.push(
                Finding::new(RULE.id, text, place)
                    .label("declared again")
                    .related(first.clone(), "first declared here")
                    .help("delete or rename one of them"),
            );
        } else {
            seen.insert(ident, (&stream.name, place));
        }
    }
}
