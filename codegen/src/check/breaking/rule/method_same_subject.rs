//! Keeps the subject of a method.
//!
//! # Why
//! Callers of the old schema send to a subject where nobody listens any more.
//!
//! # Fix
//! Add a method or event beside it, or a new major version of the package, and drop the old one when nobody uses
//! it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running, parameters};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_SAME_SUBJECT",
    categories: &[NATS],
    source: include_str!("method_same_subject.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if parameters(&old.subject) == parameters(&new.subject)
            && old.subject.pattern() != new.subject.pattern()
        {
            let message = format!(
                "Method \"{}\" moved from subject \"{}\" to \"{}\".",
                new.full_name, old.subject.text, new.subject.text
            );
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
