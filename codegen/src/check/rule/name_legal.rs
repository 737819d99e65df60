//! Keeps names of streams and buckets to what the server accepts.
//!
//! # Why
//! A name becomes part of subjects and of folders on disk.
//!
//! # Fix
//! Use letters, digits, `-` and `_`.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::template::is_literal;

pub(in crate::check) const RULE: Rule =
    Rule { id: "NAME_LEGAL", source: include_str!("name_legal.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    let streams = context.survey.streams().map(|(file, index, stream)| {
        (&file.element, format!("streams[{index}].name"), "stream", &stream.name)
    });
    let buckets = context.survey.buckets().map(|(_, service, index, bucket)| {
        (&service.element, format!("buckets[{index}].name"), "bucket", &bucket.name)
    });
    for (element, path, kind, name) in streams.chain(buckets) {
        if is_literal(name) {
            continue;
        }
        let text = if name.is_empty() {
            format!("this {kind} has no name")
        } else {
            format!("`{name}` can't be the name of a {kind}")
        };
        let place = context.survey.option(element, &path);
        findings.push(Finding::new(RULE.id, text, place).help("use letters, digits, '-' and '_'"));
    }
}
