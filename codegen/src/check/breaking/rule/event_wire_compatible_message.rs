//! Keeps the events that a stream holds readable.
//!
//! # Why
//! A stream holds events of the old version when the new one is deployed, and consumers that are behind, or replay, read
//! them with the new schema; those of the old version read what the new one publishes.
//!
//! # Fix
//! Add a field with a number of its own and reserve the number of one that is deleted, or add an event of another name.

use crate::check::breaking::running::{Pair, Running};
use crate::check::breaking::stored::Stored;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "EVENT_WIRE_COMPATIBLE_MESSAGE",
    categories: &[NATS],
    source: include_str!("event_wire_compatible_message.rs"),
    check: Check::Stored(stored),
};

fn stored<'r>(running: &'r Running<'_>) -> Vec<Stored<'r>> {
    let events = running.events().into_iter().map(|Pair { old, .. }| {
        let message = &old.message.full_name;
        Stored {
            message: message.clone(),
            place: format!("Stream \"{}\"", old.stream),
            hurt: Box::new(|| running.consumers(message)),
        }
    });
    events.collect()
}
