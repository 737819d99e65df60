//! Keeps the window in which a stream recognises a repeated message.
//!
//! # Why
//! A publisher that repeats a message later than that, after a broken connection, stores it twice, and every consumer
//! handles it twice.
//!
//! # Fix
//! Keep the `duplicate_window`.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::duration;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "STREAM_DUPLICATE_WINDOW_NO_SHORTEN",
    categories: &[NATS],
    source: include_str!("stream_duplicate_window_no_shorten.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, .. } in running.streams() {
        // A window is never longer than messages are kept: where that got shorter, another rule says so.
        if new.duplicate_window < old.duplicate_window.min(new.max_age) {
            let name = &new.name;
            let message = format!(
                "Stream \"{name}\" recognises a repeated message for {} instead of {}.",
                duration::text(new.duplicate_window),
                duration::text(old.duplicate_window)
            );
            report.stream(&new.package, name, message, running.readers(name));
        }
    }
}
