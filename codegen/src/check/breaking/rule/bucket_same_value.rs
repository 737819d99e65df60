//! Keeps the message that a bucket stores.
//!
//! # Why
//! The values that are there were written as another message.
//!
//! # Fix
//! Add fields to the message that is there. Where it must be another, raise the bucket's `version`, say in `earlier` what the
//! values of the version before are, and write a step from them to the new ones.

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
        for (version, was) in old.read() {
            let Some((_, is)) = new.read().find(|it| it.0 == version && it.1 != was) else {
                continue;
            };
            let in_version =
                if new.version == 1 { String::new() } else { format!(" in version {version}") };
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" stores \"{}\" instead of \"{}\"{in_version}.",
                new.name, is.full_name, was.full_name
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
