//! Keeps the credit of a stream.
//!
//! # Why
//! A producer waits where it did not: throughput falls with the distance between the peers.
//!
//! # Fix
//! Keep the credit.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::model::Kind;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_CREDIT_NO_REDUCE",
    categories: &[NATS],
    source: include_str!("method_credit_no_reduce.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if old.kind != Kind::Unary && new.credit < old.credit {
            let message = format!(
                "Method \"{}\" has {} frames of credit instead of {}.",
                new.full_name, new.credit, old.credit
            );
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
