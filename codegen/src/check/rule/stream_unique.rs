//! Keeps every stream in one place.
//!
//! # Why
//! Two declarations of a stream would differ sooner or later, and the last one to be provisioned would win.
//!
//! # Fix
//! Delete one of them, or rename it.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use std::collections::BTreeMap;

use crate::diagnostic::Place;

pub(in crate::check) const RULE: Rule =
    Rule { id: "STREAM_UNIQUE", source: include_str!("stream_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: BTreeMap<&str, Place> = BTreeMap::new();
    for (file, index, stream) in context.survey.streams().filter(|it| !it.2.name.is_empty()) {
        let place = context.survey.option(&file.element, &format!("streams[{index}].name"));
        if let Some(first) = seen.get(stream.name.as_str()) {
            let text = format!("stream `{}` is declared twice", stream.name);
            findings.push(
                Finding::new(RULE.id, text, place)
                    .label("declared again")
                    .related(first.clone(), "first declared here")
                    .help("delete or rename one of them"),
            );
        } else {
            seen.insert(&stream.name, place);
        }
    }
}
