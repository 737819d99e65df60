//! Keeps the time that a call may take.
//!
//! # Why
//! Calls that took their time and worked fail now, in callers as soon as they are built with the new schema.
//!
//! # Fix
//! Keep the time-out; shorten it when measurements say that no call takes that long.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::duration;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_TIMEOUT_NO_SHORTEN",
    categories: &[NATS],
    source: include_str!("method_timeout_no_shorten.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if new.timeout < old.timeout {
            let message = format!(
                "Method \"{}\" has {} for a call instead of {}.",
                new.full_name,
                duration::text(new.timeout),
                duration::text(old.timeout)
            );
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
