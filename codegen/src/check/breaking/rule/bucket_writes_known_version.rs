//! Keeps a bucket written in a version that instances of the release before read.
//!
//! # Why
//! While a release rolls out, instances of the one before run beside it. They refuse to read what is of a version that they
//! don't know, so their calls fail from the first such write to the end of the last of them.
//!
//! # Fix
//! Write as before in this release, with `writes` and the version of before, and drop `writes` in the next. Where no
//! instance of before runs meanwhile, agree on it in `breaking.yaml`.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_WRITES_KNOWN_VERSION",
    categories: &[NATS],
    source: include_str!("bucket_writes_known_version.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        if new.writes > old.version {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" is written in version {}, and read up to {} by the old version.",
                new.name, new.writes, old.version
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
