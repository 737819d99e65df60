//! Keeps the value of a bucket a message that exists.
//!
//! # Why
//! A bucket becomes a typed store of that message.
//!
//! # Fix
//! Name a message of the same package by its name, or any other by its full name, and import its file.

use crate::check::near::near;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "BUCKET_VALUE", source: include_str!("bucket_value.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (file, service, index, bucket) in context.survey.buckets() {
        let found = context.survey.find_message(&file.package, &bucket.value);
        if !bucket.value.is_empty() && (found.is_some() || !context.survey.complete) {
            continue;
        }
        let place = context.survey.option(&service.element, &format!("buckets[{index}].value"));
        let message = if bucket.value.is_empty() {
            format!("bucket `{}` doesn't say what it stores", bucket.name)
        } else {
            format!("bucket `{}` stores `{}`, which is no message", bucket.name, bucket.value)
        };
        let names = context.survey.messages.keys().map(String::as_str);
        let near = near(&bucket.value, names);
        let help = near.map_or_else(
            || "name a message of this package, or any other by its full name".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        findings.push(Finding::new(RULE.id, message, place).help(help));
    }
}
