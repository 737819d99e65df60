//! Keeps what only one value of a bucket may say.
//!
//! # Why
//! Whoever relies on it is not refused any more, and finds two values where there was one at most.
//!
//! # Fix
//! Keep the index as it is, or add another one beside it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_UNIQUE_NO_DELETE",
    categories: &[NATS],
    source: include_str!("bucket_unique_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        // Where other messages are stored, all is another.
        let Some(new) = new.filter(|it| it.value == old.value) else { continue };
        for index in old.unique().filter(|index| !new.unique().any(|it| it.says_like(index))) {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" takes several values of one {} from now on.",
                new.name,
                index.texts(),
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
