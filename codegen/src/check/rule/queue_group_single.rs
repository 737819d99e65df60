//! Keeps one queue group on every subject.
//!
//! # Why
//! Each queue group gets a copy of every request: two on one subject would run each call twice, and the first answer
//! wins.
//!
//! # Fix
//! Give both methods the same queue group and different subjects, or drop one of them.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "QUEUE_GROUP_SINGLE", source: include_str!("queue_group_single.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let methods = &context.subjects.methods;
    for (index, method) in methods.iter().enumerate() {
        let other = methods[..index].iter().find(|other| {
            other.subject.pattern == method.subject.pattern
                && other.queue_group != method.queue_group
        });
        let Some(other) = other else { continue };
        let text = format!(
            "subject `{}` has two queue groups, `{}` and `{}`",
            method.subject.text, method.queue_group, other.queue_group
        );
        findings.push(
            Finding::new(RULE.id, text, method.subject.place.clone())
                .label(format!("in queue group `{}`", method.queue_group))
                .related(
                    other.subject.place.clone(),
                    format!("in queue group `{}`", other.queue_group),
                )
                .help("each group would get a copy of every call; give the methods different subjects"),
        );
    }
}
