//! Keeps answers to idempotency keys for as long as callers may come back with them.
//!
//! # Why
//! A caller who comes back with a key after the answer is forgotten has the effect a second time.
//!
//! # Fix
//! Keep the time, or make it longer. Before it becomes shorter, no caller may hold a key for longer than that.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::duration;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_IDEMPOTENCY_TTL_NO_SHORTEN",
    categories: &[NATS],
    source: include_str!("method_idempotency_ttl_no_shorten.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        let Some(kept) = old.idempotency_ttl else { continue };
        let now = match new.idempotency_ttl {
            Some(now) if now >= kept => continue,
            Some(now) => format!("for {} instead of {}", duration::text(now), duration::text(kept)),
            None => "no longer".to_owned(),
        };
        let message = format!("Method \"{}\" keeps answers to keys {now}.", new.full_name);
        report.method(service, &new.name, message, running.users(service, &new.name));
    }
}
