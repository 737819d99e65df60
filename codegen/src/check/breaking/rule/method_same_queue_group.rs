//! Keeps the queue group of a method.
//!
//! # Why
//! While instances of both versions run, each group gets a copy of every call: it has its effect twice.
//!
//! # Fix
//! Stop every instance of the old version before one of the new starts, or keep the group.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_SAME_QUEUE_GROUP",
    categories: &[NATS],
    source: include_str!("method_same_queue_group.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if old.queue_group != new.queue_group {
            let message = format!(
                "Method \"{}\" moved from queue group \"{}\" to \"{}\".",
                new.full_name, old.queue_group, new.queue_group
            );
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
