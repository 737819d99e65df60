//! Keeps the message that a bucket stores.
//!
//! # Why
//! The values that are there were written as another message.
//!
//! # Fix
//! Add fields to the message that is there, or use a bucket of another name.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_SAME_VALUE",
    categories: &[NATS],
    source: include_str!("bucket_same_value.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        if new.value.full_name != old.value.full_name {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" stores \"{}\" instead of \"{}\".",
                new.name, new.value.full_name, old.value.full_name
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
