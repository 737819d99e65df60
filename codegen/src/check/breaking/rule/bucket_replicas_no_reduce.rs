//! Keeps the copies of a bucket.
//!
//! # Why
//! With fewer copies, the loss of a server loses values that were acknowledged.
//!
//! # Fix
//! Keep the replicas.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_REPLICAS_NO_REDUCE",
    categories: &[NATS],
    source: include_str!("bucket_replicas_no_reduce.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        if new.replicas < old.replicas {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" reduced its replicas from {} to {}.",
                new.name, old.replicas, new.replicas
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
