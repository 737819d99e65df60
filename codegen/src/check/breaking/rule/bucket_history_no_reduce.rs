//! Keeps the revisions of a bucket.
//!
//! # Why
//! Older revisions are deleted, and readers who wait for one don't find it.
//!
//! # Fix
//! Keep the history.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_HISTORY_NO_REDUCE",
    categories: &[NATS],
    source: include_str!("bucket_history_no_reduce.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        if new.history < old.history {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" reduced its history from {} to {}.",
                new.name, old.history, new.history
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
