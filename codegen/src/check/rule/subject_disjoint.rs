//! Keeps the subjects of a workspace from overlapping.
//!
//! # Why
//! A request whose subject matches two patterns reaches two methods, and an event two kinds of consumers: which one
//! was meant depends on the value of a field.
//!
//! # Fix
//! Change a literal token so that no subject can match both.

use crate::check::subjects::Subject;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "SUBJECT_DISJOINT", source: include_str!("subject_disjoint.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let all: Vec<&Subject> = context.subjects.requests().chain(&context.subjects.events).collect();
    for (index, subject) in all.iter().enumerate() {
        let others = all[..index].iter();
        let mut others = others.filter(|other| {
            other.pattern != subject.pattern && other.pattern.meets(&subject.pattern)
        });
        let Some(other) = others.next() else { continue };
        let text = format!("`{}` overlaps `{}`", subject.text, other.text);
        findings.push(
            Finding::new(RULE.id, text, subject.place.clone())
                .label(format!("subject of {}", subject.user))
                .related(other.place.clone(), format!("subject of {}", other.user))
                .help("change a literal token so that no subject can match both"),
        );
    }
}
