//! Keeps every bucket in one place.
//!
//! # Why
//! A bucket belongs to one service: two that declare it would write each other's values. Within a package, names that
//! differ only in case or punctuation would become the same constant. Answers to idempotency keys have a bucket of their
//! own, `answers-<subject>`, and its constant is `IDEMPOTENCY_ANSWERS_BUCKET`.
//!
//! # Fix
//! Rename one, or call the service that owns the bucket.

use heck::ToSnakeCase as _;

use crate::check::{Context, Rule};
use crate::diagnostic::{Finding, Place};
use crate::schema::model::ANSWERS;

pub(in crate::check) const RULE: Rule =
    Rule { id: "BUCKET_UNIQUE", source: include_str!("bucket_unique.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let mut seen: Vec<(&str, String, &str, &str, Place)> = Vec::new();
    for (file, service, index, bucket) in
        context.survey.buckets().filter(|it| !it.3.name.is_empty())
    {
        let place = context.survey.option(&service.element, &format!("buckets[{index}].name"));
        let ident = bucket.name.to_snake_case();
        if let Some(text) = for_answers(context, &bucket.name, &ident) {
            findings.push(Finding::new(RULE.id, text, place).help("rename it"));
            continue;
        }
        let clash = seen.iter().find(|(name, other, package, ..)| {
            *name == bucket.name || (*other == ident && *package == file.package)
        });
        if let Some((name, _, _, owner, first)) = clash {
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
            seen.push((&bucket.name, ident, &file.package, &service.full_name, place));
        }
    }
}

/// Says that a name is that of a bucket for answers to idempotency keys, or becomes its constant.
fn for_answers(context: &Context<'_>, name: &str, ident: &str) -> Option<String> {
    if ident == ANSWERS {
        let text = "becomes the constant of the one for answers to idempotency keys";
        return Some(format!("bucket `{name}` {text}"));
    }
    let mut services = context.model.packages.iter().flat_map(|package| &package.services);
    let owner = services
        .find(|it| it.buckets.iter().any(|bucket| bucket.keeps_answers && bucket.name == name))?;
    let owner = &owner.full_name;
    Some(format!("bucket `{name}` is where `{owner}` keeps its answers to idempotency keys"))
}
