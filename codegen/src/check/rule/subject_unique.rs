//! Keeps one method or event on every subject.
//!
//! # Why
//! Two methods on one subject would each get some of the calls of both.
//!
//! # Fix
//! Give one of them another `operation` or subject.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "SUBJECT_UNIQUE", source: include_str!("subject_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = context.subjects.methods.iter();
    let methods = methods.map(|it| (&it.subject, Some(&it.queue_group)));
    let events = context.subjects.events.iter().map(|it| (it, None));
    let all: Vec<_> = methods.chain(events).collect();
    for (index, (subject, group)) in all.iter().enumerate() {
        // Two methods in different queue groups are a mistake of their own.
        let mut others = all[..index].iter().filter(|(other, other_group)| {
            other.pattern == subject.pattern
                && (group == other_group || group.is_none() || other_group.is_none())
        });
        let Some((other, _)) = others.next() else { continue };
        let text =
            format!("{} and {} have one subject, `{}`", subject.user, other.user, subject.text);
        findings.push(
            Finding::new(RULE.id, text, subject.place.clone())
                .label("used again")
                .related(other.place.clone(), "first used here")
                .help("give one of them another subject"),
        );
    }
}
