//! Keeps durations readable.
//!
//! # Why
//! A time-out that doesn't parse would silently be the default.
//!
//! # Fix
//! Write a whole number and its unit: `500ms`, `30s`, `5m`, `90d`. Where it says how long to wait or to keep, zero is
//! refused too: it would fail everything at once.

use crate::check::policies::{self, Policies};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::duration;
use crate::schema::survey::Element;

pub(in crate::check) const RULE: Rule =
    Rule { id: "DURATION_PARSES", source: include_str!("duration_parses.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (element, path, text) in written(context) {
        let place = || context.survey.option(element, &path);
        let field = path.rsplit('.').next().unwrap_or(&path);
        match duration::parse(text) {
            Some(duration) if !duration.is_zero() => {}
            Some(_) => findings.push(
                Finding::new(RULE.id, format!("`{field}` is zero"), place())
                    .help("write a longer duration, or delete the line to take the default"),
            ),
            None if text.is_empty() => findings.push(
                Finding::new(RULE.id, format!("`{field}` is missing"), place())
                    .help(duration::HELP),
            ),
            None => findings.push(
                Finding::new(RULE.id, format!("`{text}` is not a duration"), place())
                    .help(duration::HELP),
            ),
        }
    }
}

/// Every duration that is written, with the element and the path of its option.
fn written<'a>(context: &Context<'a>) -> Vec<(&'a Element, String, &'a str)> {
    let mut list: Vec<(&Element, String, &str)> = Vec::new();
    let mut add = |element: &'a Element, path: String, text: Option<&'a String>| {
        list.extend(text.map(|text| (element, path, text.as_str())));
    };
    for file in &context.survey.files {
        add(&file.element, "timeout".to_owned(), file.options.timeout.as_ref());
        add(&file.element, "idle_timeout".to_owned(), file.options.idle_timeout.as_ref());
        for (index, stream) in file.options.streams.iter().enumerate() {
            let path = |field| format!("streams[{index}].{field}");
            add(&file.element, path("max_age"), Some(&stream.max_age));
            add(&file.element, path("duplicate_window"), stream.duplicate_window.as_ref());
        }
        for service in &file.services {
            let options = &service.options;
            add(&service.element, "timeout".to_owned(), options.timeout.as_ref());
            add(&service.element, "idle_timeout".to_owned(), options.idle_timeout.as_ref());
            for (index, bucket) in options.buckets.iter().enumerate() {
                add(&service.element, format!("buckets[{index}].ttl"), bucket.ttl.as_ref());
            }
            for method in &service.methods {
                let options = &method.options;
                add(&method.element, "timeout".to_owned(), options.timeout.as_ref());
                add(&method.element, "idle_timeout".to_owned(), options.idle_timeout.as_ref());
                add(
                    &method.element,
                    "idempotency_ttl".to_owned(),
                    options.idempotency_ttl.as_ref(),
                );
                if let Some(cache) = &options.cache {
                    let mut add = |field: &str, text| {
                        add(&method.element, format!("cache.{field}"), text);
                    };
                    add("local_ttl", Some(&cache.local_ttl));
                    add("shared_ttl", cache.shared_ttl.as_ref());
                    add("negative_ttl", cache.negative_ttl.as_ref());
                    add("stale_ttl", cache.stale_ttl.as_ref());
                }
            }
        }
    }
    for Policies { element, retry, breaker, hedge } in policies::written(context) {
        let mut add = |path: &str, text: Option<&'a String>| {
            list.extend(text.map(|text| (element, path.to_owned(), text.as_str())));
        };
        if let Some(retry) = retry {
            add("retry.initial_backoff", retry.initial_backoff.as_ref());
            add("retry.max_backoff", retry.max_backoff.as_ref());
            add("retry.attempt_timeout", retry.attempt_timeout.as_ref());
        }
        if let Some(breaker) = breaker {
            add("breaker.window", breaker.window.as_ref());
            add("breaker.slow_call", breaker.slow_call.as_ref());
            add("breaker.open", breaker.open.as_ref());
        }
        if let Some(hedge) = hedge {
            add("hedge.delay", Some(&hedge.delay));
        }
    }
    list
}
