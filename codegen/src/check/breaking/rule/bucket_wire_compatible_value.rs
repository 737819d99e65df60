//! Keeps the values that a bucket holds readable.
//!
//! # Why
//! Values that the old version has written are read as something else by the new one, or not at all; and a field that the
//! new version doesn't know, and whose number is free for another, is lost with the next write.
//!
//! # Fix
//! Add a field with a number of its own, reserve the number of one that is deleted, or raise the bucket's `version`
//! and keep the message beside a new one, for a step from one to the other.

use std::collections::BTreeSet;

use crate::check::breaking::running::Running;
use crate::check::breaking::stored::Stored;
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "BUCKET_WIRE_COMPATIBLE_VALUE",
    categories: &[NATS],
    source: include_str!("bucket_wire_compatible_value.rs"),
    check: Check::Stored(stored),
};

fn stored<'r>(running: &'r Running<'_>) -> Vec<Stored<'r>> {
    let mut all = Vec::new();
    for (old, new, service) in running.buckets() {
        let Some(new) = new else { continue };
        let still = old.read().filter(|was| new.read().any(|is| is == *was));
        let still: BTreeSet<_> = still.map(|(_, message)| message.full_name.as_str()).collect();
        all.extend(still.into_iter().map(|message| {
            let hurt = move || {
                let reader = format!("{service} reads what is stored");
                std::iter::once(reader).chain(running.callers(service)).collect()
            };
            Stored {
                message: message.to_owned(),
                place: format!("Bucket \"{}\" of service \"{service}\"", old.name),
                hurt: Box::new(hurt),
            }
        }));
    }
    all
}
