//! Keeps events events.
//!
//! # Why
//! Nothing of the kind is published any more: consumers wait for it without a word, and their durable consumers stay behind.
//!
//! # Fix
//! Go on publishing until no service consumes it; then delete the message as well.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "EVENT_NO_DELETE",
    categories: &[NATS],
    source: include_str!("event_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for old in running.events_gone() {
        let name = &old.message.full_name;
        // Of a message that is gone, other rules say so.
        if report.has_message(name) {
            let message = format!("Message \"{name}\" is no longer an event.");
            report.message(name, message, running.consumers(name));
        }
    }
}
