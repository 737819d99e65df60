//! Keeps where the values of a bucket are stored.
//!
//! # Why
//! The server refuses to move a bucket, so that provisioning fails; and one that is made anew, empty and in memory, loses
//! everything when its servers stop.
//!
//! # Fix
//! Keep the storage, or use a bucket of another name and copy the values first.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_SAME_STORAGE",
    categories: &[NATS],
    source: include_str!("bucket_same_storage.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        if new.storage != old.storage {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" is kept {} instead of {}.",
                new.name, new.storage, old.storage
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
