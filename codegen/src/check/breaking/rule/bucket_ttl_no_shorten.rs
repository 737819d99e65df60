//! Keeps how long a bucket holds its values.
//!
//! # Why
//! Values that are older than that vanish with the next provisioning, and callers who come back to them are told that they
//! were never written.
//!
//! # Fix
//! Keep the `ttl`.

use std::time::Duration;

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::duration;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_TTL_NO_SHORTEN",
    categories: &[NATS],
    source: include_str!("bucket_ttl_no_shorten.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        if new.ttl.is_some_and(|new| old.ttl.is_none_or(|old| new < old)) {
            let describe = |ttl: Option<Duration>| {
                ttl.map_or_else(
                    || "for ever".to_owned(),
                    |ttl| format!("for {}", duration::text(ttl)),
                )
            };
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" holds its values {} instead of {}.",
                new.name,
                describe(new.ttl),
                describe(old.ttl)
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
