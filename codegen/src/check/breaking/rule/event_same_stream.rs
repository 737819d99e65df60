//! Keeps the stream of an event.
//!
//! # Why
//! Durable consumers stay on the old stream, where nothing new arrives, and what is stored there is not read on the
//! new one.
//!
//! # Fix
//! Add a method or event beside it, or a new major version of the package, and drop the old one when nobody uses
//! it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "EVENT_SAME_STREAM",
    categories: &[NATS],
    source: include_str!("event_same_stream.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.events() {
        if old.stream != new.stream {
            let name = &new.message.full_name;
            let message = format!(
                "Event \"{name}\" moved from stream \"{}\" to \"{}\".",
                old.stream, new.stream
            );
            report.message(name, message, running.consumers(name));
        }
    }
}
