//! Keeps what makes a repeated call of a method harmless.
//!
//! # Why
//! Callers of the old schema repeat calls that failed; one that is no longer idempotent has its effect twice.
//!
//! # Fix
//! Keep the idempotency, or add a method of another name.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::model::Idempotency;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_IDEMPOTENCY_NO_WEAKEN",
    categories: &[NATS],
    source: include_str!("method_idempotency_no_weaken.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if rank(new.idempotency) < rank(old.idempotency) {
            let message = format!(
                "Method \"{}\" was {:?} and is {:?}: calls that are repeated may have two effects.",
                new.full_name, old.idempotency, new.idempotency
            );
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}

fn rank(idempotency: Idempotency) -> u8 {
    match idempotency {
        Idempotency::None => 0,
        Idempotency::Keyed => 1,
        Idempotency::Idempotent => 2,
        Idempotency::NoSideEffects => 3,
    }
}
