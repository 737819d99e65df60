//! Keeps the errors that a method declares.
//!
//! # Why
//! Callers match on them: what they handled, such as a conflict that is tried again, reaches them as an error that nobody
//! expects.
//!
//! # Fix
//! Go on declaring the error, and returning it where it was.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_ERROR_NO_DELETE",
    categories: &[NATS],
    source: include_str!("method_error_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        for gone in old.errors.iter().filter(|old| new.errors.iter().all(|it| it.name != old.name))
        {
            let message = format!(
                "Method \"{}\" no longer declares the error \"{}\".",
                new.full_name, gone.name
            );
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
