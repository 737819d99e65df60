//! Keeps limits above zero and copies within what the server offers.
//!
//! # Why
//! Zero calls in flight refuses every call, zero credit stops every stream before its first frame, and the server keeps
//! 1 to 5 copies.
//!
//! # Fix
//! Write a number in range, or delete the line to take the default.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::survey::Element;

pub(in crate::check) const RULE: Rule =
    Rule { id: "LIMIT_IN_RANGE", source: include_str!("limit_in_range.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for Limit { element, path, value, max } in written(context) {
        if (1..=max).contains(&value) {
            continue;
        }
        let field = path.rsplit('.').next().unwrap_or(&path);
        let text = format!("`{field}` can't be {value}");
        let help = if max > REPLICAS_MAX {
            "write at least 1, or delete the line to take the default".to_owned()
        } else {
            format!("write a number from 1 to {max}")
        };
        let place = context.survey.option(element, &path);
        findings.push(Finding::new(RULE.id, text, place).help(help));
    }
}

/// Most copies that the server keeps.
const REPLICAS_MAX: u64 = 5;

struct Limit<'a> {
    element: &'a Element,
    path: String,
    value: u64,
    max: u64,
}

/// Every limit that is written.
fn written<'a>(context: &Context<'a>) -> Vec<Limit<'a>> {
    let mut list = Vec::new();
    let mut add = |element: &'a Element, path: &str, value: Option<u64>, max: u64| {
        let path = path.to_owned();
        list.extend(value.map(|value| Limit { element, path, value, max }));
    };
    let any = u64::MAX;
    for file in &context.survey.files {
        let element = &file.element;
        add(element, "max_in_flight", file.options.max_in_flight.map(u64::from), any);
        add(element, "credit", file.options.credit.map(u64::from), any);
        for (index, stream) in file.options.streams.iter().enumerate() {
            let path = |field| format!("streams[{index}].{field}");
            add(element, &path("replicas"), stream.replicas.map(u64::from), REPLICAS_MAX);
            add(element, &path("max_bytes"), stream.max_bytes, i64::MAX.unsigned_abs());
        }
        for service in &file.services {
            let (element, options) = (&service.element, &service.options);
            add(element, "max_in_flight", options.max_in_flight.map(u64::from), any);
            add(element, "credit", options.credit.map(u64::from), any);
            for (index, bucket) in options.buckets.iter().enumerate() {
                let path = format!("buckets[{index}].replicas");
                add(element, &path, bucket.replicas.map(u64::from), REPLICAS_MAX);
            }
            for method in &service.methods {
                let (element, options) = (&method.element, &method.options);
                add(element, "max_in_flight", options.max_in_flight.map(u64::from), any);
                add(element, "credit", options.credit.map(u64::from), any);
            }
        }
    }
    list
}
