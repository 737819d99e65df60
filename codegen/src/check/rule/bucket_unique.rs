//! Keeps every bucket in one place.
//!
//! # Why
//! A bucket belongs to one service: two that declare it would write each other's values. Within a service, names that
//! differ only in case or punctuation would become the same constant.
//!
//! # Fix
//! Rename one, or call the service that owns the bucket.

use heck::ToSnakeCase as _;

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};

pub(in crate::check) const RULE: Rule =
    Rule { id: "BUCKET_UNIQUE", source: include_str!("bucket_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: Vec<(&str, String, String, Place)> = Vec::new();
    for (_, service, index, bucket) in context.survey.buckets().filter(|it| !it.3.name.is_empty()) {
        let place = context.survey.option(&service.element, &format!("buckets[{index}].name"));
        let ident = bucket.name.to_snake_case();
        let clash = seen.iter().find(|(name, other, owner, _)| {
            *name == bucket.name || (*other == ident && *owner == service.full_name)
        });
        if let Some((name, _, owner, first)) = clash {
            let message = if *name == bucket.name {
                format!("bucket `{name}` belongs to `{owner}` already")
            } else {
                format!("buckets `{name}` and `{}` become the same constant", bucket.name)
            };
            findings.push(
                Finding::new(RULE.id, message, place)
                    .label("declared again")
                    .related(first.clone(), "first declared here")
                    .help("rename one of them, or call the service that owns the bucket"),
            );
        } else {
            seen.push((&bucket.name, ident, service.full_name.clone(), place));
        }
    }
}
