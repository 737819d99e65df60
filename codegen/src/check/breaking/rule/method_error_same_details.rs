//! Keeps whether an error that a method declares has details.
//!
//! # Why
//! The message named like the error is its details. With it the error of generated code holds them, without it nothing, so
//! code that matches on it is written differently; and who expects details reads an error without them as a plain status, which
//! callers then don't match on: new callers of the old version, or old callers of the new one.
//!
//! # Fix
//! Declare an error of another name beside this one, and keep the message of one that has details.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_ERROR_SAME_DETAILS",
    categories: &[NATS],
    source: include_str!("method_error_same_details.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        for was in &old.errors {
            let Some(is) = new.errors.iter().find(|it| it.name == was.name) else { continue };
            let change = match (&was.details, &is.details) {
                (None, Some(_)) => "has details now",
                (Some(_), None) => "no longer has details",
                (None, None) | (Some(_), Some(_)) => continue,
            };
            let message =
                format!("Error \"{}\" of method \"{}\" {change}.", is.name, new.full_name);
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
