//! Keeps a secret field secret.
//!
//! # Why
//! The value appears in logs and traces that were safe to share.
//!
//! # Fix
//! Mark it `sensitive` again.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SENSITIVE_NO_DELETE",
    categories: &[NATS],
    source: include_str!("field_sensitive_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (message, field) in running.exposed() {
        let text = format!("Field \"{field}\" of message \"{message}\" is no longer sensitive.");
        let hurt = report.affected.by(&message, false);
        report.message(&message, text, hurt);
    }
}
