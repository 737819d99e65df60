//! Keeps a bucket that is there free of values that only one may have.
//!
//! # Why
//! Values that say the same may be there already. A lookup finds one of them, and writes of the others are refused from then on.
//! While the new version is rolled out, the old one goes on writing such values.
//!
//! # Fix
//! Find values by an index that isn't unique, or allow this once all values differ and nobody writes others.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_UNIQUE_NO_ADD",
    categories: &[NATS],
    source: include_str!("bucket_unique_no_add.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (old, new, service) in running.buckets() {
        // Where other messages are stored, all is another.
        let Some(new) = new.filter(|it| it.value == old.value) else { continue };
        for index in new.unique().filter(|index| !old.unique().any(|it| it.says_like(index))) {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" takes only one value of each {} from now on.",
                new.name,
                index.texts(),
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
