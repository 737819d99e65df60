//! Keeps a bucket that is there free of values that only one may have.
//!
//! # Why
//! Values that say the same may be there already. A lookup finds one of them, and writes of the others are refused from then on.
//! While the new version is rolled out, the old one goes on writing such values. An index of another name, of other fields or
//! types, in another order, or of another message is a new one, too: it knows nothing until the values that are there have their
//! entries, and writes don't wait for that.
//!
//! # Fix
//! Keep the name, the fields, their order and their types, or find values by an index that isn't unique. Allow this once all
//! values differ and nobody writes others.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::unique::{buckets, only_in};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_UNIQUE_NO_ADD",
    categories: &[NATS],
    source: include_str!("bucket_unique_no_add.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in buckets(running) {
        for index in only_in(new, old) {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" takes only one value of each {} from now on, by a new index \"{}\".",
                new.name,
                index.texts(),
                index.name,
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
