//! Keeps methods critical that are.
//!
//! # Why
//! Calls that a flood of other methods didn't touch wait behind it, or are sent away, from the first instance of the new
//! version on.
//!
//! # Fix
//! Keep `critical`; take it away when nothing waits for the method any more.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_CRITICAL_NO_DELETE",
    categories: &[NATS],
    source: include_str!("method_critical_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        if old.critical && !new.critical {
            let message = format!("Method \"{}\" is no longer critical.", new.full_name);
            report.method(service, &new.name, message, running.users(service, &new.name));
        }
    }
}
