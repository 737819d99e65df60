//! Keeps the fields in the subject of an event, and their order.
//!
//! # Why
//! Consumers of the old schema filter for a subject that nobody publishes to, or read one value where another is.
//!
//! # Fix
//! Add a method or event beside it, or a new major version of the package, and drop the old one when nobody uses
//! it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running, parameters_changed};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "EVENT_SAME_SUBJECT_PARAMETERS",
    categories: &[NATS],
    source: include_str!("event_same_subject_parameters.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.events() {
        if let Some(change) = parameters_changed(&old.subject, &new.subject) {
            let name = &new.message.full_name;
            report.message(name, format!("Event \"{name}\" {change}"), running.consumers(name));
        }
    }
}
