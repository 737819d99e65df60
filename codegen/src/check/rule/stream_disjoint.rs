//! Keeps every subject to one stream.
//!
//! # Why
//! The server refuses a stream whose subjects another captures already, whether it is another stream or a second
//! pattern of the same one.
//!
//! # Fix
//! Narrow one of the two patterns.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "STREAM_DISJOINT", source: include_str!("stream_disjoint.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let subjects = &context.subjects.streams;
    for (index, subject) in subjects.iter().enumerate() {
        let others = subjects[..index].iter();
        let Some(other) = others.into_iter().find(|it| it.pattern.meets(&subject.pattern)) else {
            continue;
        };
        let text = if subject.user == other.user {
            format!("{} captures some subjects twice", subject.user)
        } else {
            format!("{} and {} capture the same subjects", subject.user, other.user)
        };
        findings.push(
            Finding::new(RULE.id, text, subject.place.clone())
                .related(other.place.clone(), "captures them first")
                .help("narrow one of the two patterns"),
        );
    }
}
