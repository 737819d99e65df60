//! Keeps the events that a service consumes while it is deployed.
//!
//! # Why
//! Permissions follow the schema: instances of the old version no longer get their events, and nobody handles them.
//!
//! # Fix
//! Remove it in the release after the one that stops using it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::model::Service;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "SERVICE_CONSUMES_NO_DELETE",
    categories: &[NATS],
    source: include_str!("service_consumes_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    let names =
        |it: &Service| it.consumes.iter().map(|it| it.event.message.full_name.clone()).collect();
    for Pair { old, new, service } in running.services() {
        let left: Vec<String> = names(new);
        for gone in names(old).into_iter().filter(|it| !left.contains(it) && running.is_event(it)) {
            report.unused(service, "consume", &gone);
        }
    }
}
