//! Keeps a field readable that isn't secret.
//!
//! # Why
//! Its value is sealed from now on: who was built before reads what is no such value, and what they send, or have stored, in
//! the clear is refused.
//!
//! # Fix
//! Add a sensitive field with a number of its own, read both until nobody fills the old one, and then reserve that.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SENSITIVE_NO_ADD",
    categories: &[NATS],
    source: include_str!("field_sensitive_no_add.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    let (before, after) = running.secrets();
    for ((message, number), field) in after.iter().filter(|(key, _)| !before.contains_key(key)) {
        if report.old.field_name(message, *number).is_none() {
            continue;
        }
        let text = format!("Field \"{field}\" of message \"{message}\" has become sensitive.");
        let hurt = report.affected.by(message, false);
        report.message(message, text, hurt);
    }
}
