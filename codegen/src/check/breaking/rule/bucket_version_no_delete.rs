//! Keeps every version readable that a bucket may hold values of.
//!
//! # Why
//! A value of a version that isn't named any more is refused when it is read, and so is every change of it.
//!
//! # Fix
//! Name the version and its message in `earlier`. It may go once `Store::migrate` has run to its end after the last instance
//! that writes it: agree on that in `breaking.yaml`.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_VERSION_NO_DELETE",
    categories: &[NATS],
    source: include_str!("bucket_version_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        for (version, message) in old.read().filter(|it| it.0 < new.version) {
            if new.read().all(|it| it.0 != version) {
                let message = format!(
                    "Bucket \"{}\" of service \"{service}\" no longer reads version {version}, which is of \"{}\".",
                    new.name, message.full_name
                );
                report.bucket(service, &old.name, message, running.callers(service));
            }
        }
    }
}
