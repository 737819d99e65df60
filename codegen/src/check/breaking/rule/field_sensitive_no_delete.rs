//! Keeps a secret field secret.
//!
//! # Why
//! The value appears in logs and traces that were safe to share, and travels in the clear: who was built before refuses it
//! so, and who is built now can't read what was stored sealed.
//!
//! # Fix
//! Mark it `sensitive` again, or add a field with a number of its own that isn't.

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
    let (before, after) = running.secrets();
    for ((message, number), _) in before.iter().filter(|(key, _)| !after.contains_key(key)) {
        let Some(field) = report.new.field_name(message, *number) else { continue };
        let text = format!("Field \"{field}\" of message \"{message}\" is no longer sensitive.");
        let hurt = report.affected.by(message, false);
        report.message(message, text, hurt);
    }
}
