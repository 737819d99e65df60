//! Keeps how long a stream holds its messages.
//!
//! # Why
//! What consumers have not read by then is gone, and the next provisioning deletes it at once.
//!
//! # Fix
//! Keep `max_age` and `max_bytes`, or wait until every consumer keeps up.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::duration;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "STREAM_RETENTION_NO_SHORTEN",
    categories: &[NATS],
    source: include_str!("stream_retention_no_shorten.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.streams() {
        let name = &new.name;
        let mut shrunk = Vec::new();
        if new.max_age < old.max_age {
            let (after, before) = (duration::text(new.max_age), duration::text(old.max_age));
            shrunk.push(format!("for {after} instead of {before}"));
        }
        if let Some(bytes) = new.max_bytes
            && old.max_bytes.is_none_or(|before| bytes < before)
        {
            let before = old.max_bytes.map_or_else(|| "any number".to_owned(), |it| it.to_string());
            shrunk.push(format!("in {bytes} bytes instead of {before}"));
        }
        for how in shrunk {
            let message = format!("Stream \"{name}\" holds its messages {how}.");
            report.stream(&new.package, name, message, running.readers(name));
        }
    }
}
