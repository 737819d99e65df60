//! Keeps the subject of an event.
//!
//! # Why
//! Consumers of the old schema filter for a subject that nobody publishes to any more.
//!
//! # Fix
//! Add a method or event beside it, or a new major version of the package, and drop the old one when nobody uses
//! it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running, parameters};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "EVENT_SAME_SUBJECT",
    categories: &[NATS],
    source: include_str!("event_same_subject.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.events() {
        if parameters(&old.subject) == parameters(&new.subject)
            && old.subject.pattern() != new.subject.pattern()
        {
            let name = &new.message.full_name;
            let message = format!(
                "Event \"{name}\" moved from subject \"{}\" to \"{}\".",
                old.subject.text, new.subject.text
            );
            report.message(name, message, running.consumers(name));
        }
    }
}
