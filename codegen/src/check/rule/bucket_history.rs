//! Keeps the history of a bucket within what the server offers.
//!
//! # Why
//! A key-value bucket keeps 1 to 64 revisions of a key; the server refuses to create any other.
//!
//! # Fix
//! Write a number from 1 to 64, or nothing for 1.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "BUCKET_HISTORY", source: include_str!("bucket_history.rs"), check };

/// What the server offers.
const HISTORY: std::ops::RangeInclusive<u32> = 1..=64;

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (_, service, index, bucket) in context.survey.buckets() {
        let Some(history) = bucket.history.filter(|history| !HISTORY.contains(history)) else {
            continue;
        };
        let place = context.survey.option(&service.element, &format!("buckets[{index}].history"));
        let message = format!("bucket `{}` can't keep {history} revisions", bucket.name);
        findings.push(Finding::new(RULE.id, message, place).help("write a number from 1 to 64"));
    }
}
