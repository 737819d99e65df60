//! Keeps what only one value of a bucket may say.
//!
//! # Why
//! Whoever relies on it is not refused any more, and finds two values where there was one at most. What an index of another name,
//! of other fields or types, in another order, or of another message knows is not what this one knew: while the new version
//! is rolled out, neither refuses what the other has written.
//!
//! # Fix
//! Keep the index as it is: its name, its fields, their order and their types. Add another one beside it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::unique::{buckets, only_in};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_UNIQUE_NO_DELETE",
    categories: &[NATS],
    source: include_str!("bucket_unique_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in buckets(running) {
        for index in only_in(old, new) {
            let message = format!(
                "Bucket \"{}\" of service \"{service}\" takes several values of one {} from now on, without its index \"{}\".",
                new.name,
                index.texts(),
                index.name,
            );
            report.bucket(service, &old.name, message, running.callers(service));
        }
    }
}
