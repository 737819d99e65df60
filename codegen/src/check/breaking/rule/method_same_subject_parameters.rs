//! Keeps the fields in the subject of a method, and their order.
//!
//! # Why
//! Callers of the old schema send to a subject where nobody listens, or put one value where another is read.
//!
//! # Fix
//! Add a method or event beside it, or a new major version of the package, and drop the old one when nobody uses
//! it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running, parameters_changed};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_SAME_SUBJECT_PARAMETERS",
    categories: &[NATS],
    source: include_str!("method_same_subject_parameters.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if let Some(change) = parameters_changed(&old.subject, &new.subject) {
            let message = format!("Method \"{}\" {change}", new.full_name);
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
