//! Keeps the subjects that a stream captures.
//!
//! # Why
//! What instances of the old version publish there is captured by nobody.
//!
//! # Fix
//! Keep the subject until nobody publishes to it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::check::pattern::Pattern;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "STREAM_SUBJECT_NO_DELETE",
    categories: &[NATS],
    source: include_str!("stream_subject_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.streams() {
        let covered = |subject: &str| {
            let covers = |it: &String| {
                let patterns = Pattern::parse(it).zip(Pattern::parse(subject));
                it == subject || patterns.is_some_and(|(wide, narrow)| wide.covers(&narrow))
            };
            new.subjects.iter().any(covers)
        };
        if !old.subjects.iter().all(|it| covered(it)) {
            let name = &new.name;
            let message = format!(
                "Stream \"{name}\" captures {:?} instead of {:?}.",
                new.subjects, old.subjects
            );
            report.stream(&new.package, name, message, running.readers(name));
        }
    }
}
