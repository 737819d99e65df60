//! Keeps how many calls of a method an instance runs at once.
//!
//! # Why
//! Load that was served is shed with `RESOURCE_EXHAUSTED` from the first instance of the new version on.
//!
//! # Fix
//! Keep `max_in_flight`; lower it when measurements say that so many calls never meet, or start more instances first.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_IN_FLIGHT_NO_REDUCE",
    categories: &[NATS],
    source: include_str!("method_in_flight_no_reduce.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if new.max_in_flight < old.max_in_flight {
            let message = format!(
                "Method \"{}\" runs {} calls at once instead of {}.",
                new.full_name, new.max_in_flight, old.max_in_flight
            );
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
