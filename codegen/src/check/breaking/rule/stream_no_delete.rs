//! Keeps every stream, under its name.
//!
//! # Why
//! What instances of the old version publish is captured by nobody once the stream is deleted, and what is stored in it is
//! not read under another name.
//!
//! # Fix
//! Keep the stream until it is empty and nobody publishes to it.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::Running;
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::model::Stream;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "STREAM_NO_DELETE",
    categories: &[NATS],
    source: include_str!("stream_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Stream { name, package, .. } in running.streams_gone() {
        let message = format!("Previously present stream \"{name}\" was deleted.");
        report.stream(package, name, message, running.readers(name));
    }
}
