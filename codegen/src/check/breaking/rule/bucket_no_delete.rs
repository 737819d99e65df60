//! Keeps every bucket of a service, under its name.
//!
//! # Why
//! The values stay behind under the old name, where the new version doesn't look.
//!
//! # Fix
//! Keep the bucket, or copy its values first.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_NO_DELETE",
    categories: &[NATS],
    source: include_str!("bucket_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        if new.is_none() {
            let message = format!(
                "Previously present bucket \"{}\" of service \"{service}\" was deleted.",
                old.name
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
