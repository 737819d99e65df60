//! Keeps the calls of a service while it is deployed.
//!
//! # Why
//! Permissions follow the schema: instances of the old version are refused the calls that they still make.
//!
//! # Fix
//! Remove it in the release after the one that stops using it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "SERVICE_CALLS_NO_DELETE",
    categories: &[NATS],
    source: include_str!("service_calls_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.services() {
        for gone in old.calls.iter().filter(|name| !new.calls.contains(name)) {
            report.unused(service, "call", gone);
        }
    }
}
