//! Keeps the copies of a stream.
//!
//! # Why
//! With fewer copies, the loss of a server loses messages that were acknowledged.
//!
//! # Fix
//! Keep the replicas.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "STREAM_REPLICAS_NO_REDUCE",
    categories: &[NATS],
    source: include_str!("stream_replicas_no_reduce.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.streams() {
        if new.replicas < old.replicas {
            let name = &new.name;
            let message = format!(
                "Stream \"{name}\" reduced its replicas from {} to {}.",
                old.replicas, new.replicas
            );
            report.stream(&new.package, name, message, running.readers(name));
        }
    }
}
