//! Keeps the silence that a stream survives.
//!
//! # Why
//! Streams that were quiet for a while and went on are given up now.
//!
//! # Fix
//! Keep the idle time-out, or let the producer send something in between.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::duration;
use crate::schema::model::Kind;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_IDLE_TIMEOUT_NO_SHORTEN",
    categories: &[NATS],
    source: include_str!("method_idle_timeout_no_shorten.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if old.kind != Kind::Unary && new.idle_timeout < old.idle_timeout {
            let message = format!(
                "Method \"{}\" gives up after {} of silence instead of {}.",
                new.full_name,
                duration::text(new.idle_timeout),
                duration::text(old.idle_timeout)
            );
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
