//! Keeps the bucket whose writes are an event.
//!
//! # Why
//! While both versions run, they don't agree on who publishes: without the link the writes of one are no events any more, and
//! with it those that publish by themselves do so twice.
//!
//! # Fix
//! Keep the bucket, or add an event of another name.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "EVENT_SAME_BUCKET",
    categories: &[NATS],
    source: include_str!("event_same_bucket.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.events() {
        if old.bucket != new.bucket {
            let name = &new.message.full_name;
            let describe = |bucket: &Option<String>| {
                let name = bucket.as_ref();
                name.map_or_else(|| "no bucket".to_owned(), |name| format!("bucket \"{name}\""))
            };
            let message = format!(
                "Event \"{name}\" is the write of {} instead of {}.",
                describe(&new.bucket),
                describe(&old.bucket)
            );
            report.message(name, message, running.consumers(name));
        }
    }
}
