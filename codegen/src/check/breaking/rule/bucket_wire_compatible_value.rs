//! Keeps the values that a bucket holds readable.
//!
//! # Why
//! Values that the old version has written are read as something else by the new one, or not at all; and a field that the
//! new version doesn't know, and whose number is free for another, is lost with the next write.
//!
//! # Fix
//! Add a field with a number of its own, reserve the number of one that is deleted, or use a bucket of another name and
//! copy the values first.

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
    let buckets = running.buckets().into_iter().filter_map(|(old, new, service)| {
        let message = &old.value.full_name;
        let hurt = move || {
            let reader = format!("{service} reads what is stored");
            std::iter::once(reader).chain(running.callers(service)).collect()
        };
        (new?.value.full_name == *message).then(|| Stored {
            message: message.clone(),
            place: format!("Bucket \"{}\" of service \"{service}\"", old.name),
            hurt: Box::new(hurt),
        })
    });
    buckets.collect()
}
