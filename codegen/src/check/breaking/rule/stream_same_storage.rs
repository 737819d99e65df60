//! Keeps where a stream is stored.
//!
//! # Why
//! The server refuses to move a stream, so that provisioning fails; and one that is made anew, empty and in memory, loses
//! everything when its servers stop.
//!
//! # Fix
//! Keep the storage, or add a stream of another name and move its subjects when the old one is empty.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "STREAM_SAME_STORAGE",
    categories: &[NATS],
    source: include_str!("stream_same_storage.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.streams() {
        if new.storage != old.storage {
            let name = &new.name;
            let message =
                format!("Stream \"{name}\" is kept {} instead of {}.", new.storage, old.storage);
            report.stream(&new.package, name, message, running.readers(name));
        }
    }
}
