//! Keeps limits above zero, copies within what the server offers and attempts within reason.
//!
//! # Why
//! Zero calls in flight refuses every call, zero credit stops every stream before its first frame, the server keeps
//! 1 to 5 copies, and attempts beyond a few bury a server that is in trouble.
//!
//! # Fix
//! Write a number in range, or delete the line to take the default.

use crate::check::policies::{self, Policies};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::option::Adaptive;
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
        let help = if max >= i64::MAX.unsigned_abs() {
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

/// Most attempts of one call.
const RETRIES_MAX: u64 = 10;

/// Most calls beside each other.
const HEDGES_MAX: u64 = 5;

/// All of them.
const PERCENT_MAX: u64 = 100;

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
        for (field, value) in adaptive(file.options.adaptive.as_ref()) {
            add(element, field, value, any);
        }
        for (index, stream) in file.options.streams.iter().enumerate() {
            let path = |field| format!("streams[{index}].{field}");
            add(element, &path("replicas"), stream.replicas.map(u64::from), REPLICAS_MAX);
            add(element, &path("max_bytes"), stream.max_bytes, i64::MAX.unsigned_abs());
        }
        for service in &file.services {
            let (element, options) = (&service.element, &service.options);
            add(element, "max_in_flight", options.max_in_flight.map(u64::from), any);
            add(element, "credit", options.credit.map(u64::from), any);
            for (field, value) in adaptive(options.adaptive.as_ref()) {
                add(element, field, value, any);
            }
            for (index, bucket) in options.buckets.iter().enumerate() {
                let path = format!("buckets[{index}].replicas");
                add(element, &path, bucket.replicas.map(u64::from), REPLICAS_MAX);
            }
            for method in &service.methods {
                let (element, options) = (&method.element, &method.options);
                add(element, "max_in_flight", options.max_in_flight.map(u64::from), any);
                add(element, "credit", options.credit.map(u64::from), any);
                for (field, value) in adaptive(options.adaptive.as_ref()) {
                    add(element, field, value, any);
                }
            }
        }
    }
    for Policies { element, retry, breaker, hedge } in policies::written(context) {
        let mut add = |path: &str, value: Option<u32>, max: u64| {
            let (path, value) = (path.to_owned(), value.map(u64::from));
            list.extend(value.map(|value| Limit { element, path, value, max }));
        };
        if let Some(retry) = retry {
            add("retry.max_attempts", retry.max_attempts, RETRIES_MAX);
        }
        if let Some(breaker) = breaker {
            add("breaker.min_calls", breaker.min_calls, any);
            add("breaker.failure_percent", breaker.failure_percent, PERCENT_MAX);
            add("breaker.slow_percent", breaker.slow_percent, PERCENT_MAX);
            add("breaker.probes", breaker.probes, any);
        }
        if let Some(hedge) = hedge {
            add("hedge.max_attempts", hedge.max_attempts, HEDGES_MAX);
        }
    }
    list
}

/// The limits of a limit.
fn adaptive(written: Option<&Adaptive>) -> [(&'static str, Option<u64>); 2] {
    let (least, tolerance) =
        written.map_or((None, None), |it| (it.min_limit, it.tolerance_percent));
    let paths = ["adaptive.min_limit", "adaptive.tolerance_percent"];
    [(paths[0], least.map(u64::from)), (paths[1], tolerance.map(u64::from))]
}
