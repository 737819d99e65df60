//! Keeps the version of a bucket's values from going down.
//!
//! # Why
//! Values that the old version has written are of a version that the new one doesn't know, so it refuses to read them.
//!
//! # Fix
//! Keep the version. To go back to what values were before, go on to a version that is like it, with a step.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_VERSION_NO_REDUCE",
    categories: &[NATS],
    source: include_str!("bucket_version_no_reduce.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        if new.version < old.version {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" is of version {} instead of {}.",
                new.name, new.version, old.version
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
