//! Keeps secrets out of Redis.
//!
//! # Why
//! What is shared lies in Redis as it is, for whoever may read there.
//!
//! # Fix
//! Delete `shared_ttl`: the process of a caller, which knows the answer anyway, keeps it still.

use std::collections::BTreeSet;

use crate::check::caches::{Written, written};
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;
use crate::schema::survey::{Field, Survey, Value};

pub(in crate::check) const RULE: Rule =
    Rule { id: "CACHE_SECRET", source: include_str!("cache_secret.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for Written { method, cache, .. } in written(context) {
        if cache.shared_ttl.is_none() {
            continue;
        }
        for (side, message) in [("request", &method.request), ("answer", &method.response)] {
            let Some(field) = secret(context.survey, message) else { continue };
            let place = context.survey.option(&method.element, "cache.shared_ttl");
            let marked = context.survey.name(&field.element);
            let text = format!("the {side} of `{}` has the secret `{}`", method.name, field.name);
            findings.push(
                Finding::new(RULE.id, text, place)
                    .related(marked, "marked `sensitive`")
                    .help("delete `shared_ttl`; answers are kept in the caller's process still"),
            );
        }
    }
}

/// The first secret field of a message, or of what it is made of.
fn secret<'a>(survey: &'a Survey, message: &'a str) -> Option<&'a Field> {
    let mut seen = BTreeSet::new();
    let mut open = vec![message];
    while let Some(name) = open.pop() {
        let Some(message) = survey.messages.get(name).filter(|_| seen.insert(name)) else {
            continue;
        };
        if let Some(field) = message.fields.iter().find(|field| field.sensitive) {
            return Some(field);
        }
        open.extend(message.fields.iter().filter_map(|field| match &field.value {
            Value::Message(inner) => Some(inner.as_str()),
            _ => None,
        }));
    }
    None
}
