//! Keeps how long a stream holds its messages.
//!
//! # Why
//! What consumers have not read by then is gone, and the next provisioning deletes it at once.
//!
//! # Fix
//! Keep `max_age` and `max_bytes`, or wait until every consumer keeps up.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "STREAM_RETENTION_NO_SHORTEN",
    categories: &[NATS],
    source: include_str!("stream_retention_no_shorten.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.streams() {
        if new.max_age < old.max_age
            || new.max_bytes.is_some_and(|new| old.max_bytes.is_none_or(|old| new < old))
        {
            let name = &new.name;
            let message = format!(
                "Stream \"{name}\" holds its messages for a shorter time or in fewer bytes."
            );
            report.stream(&new.package, name, message, running.readers(name));
        }
    }
}
