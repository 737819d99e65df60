//! Keeps subjects and queue groups in the form that permissions and dashboards rely on.
//!
//! # Why
//! Services listen below `svc.`, events are published below `evt.`, queue groups begin with `q.`: accounts grant
//! and forbid by these prefixes, so that anything outside them is granted to nobody, or to all.
//!
//! # Fix
//! Begin the subject of a service with `svc.`, that of an event with `evt.`, a queue group with `q.`, in small
//! letters, digits and `-`.

use crate::check::lint::annotated::Annotated;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, NATS, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "SUBJECT_CONVENTION",
    categories: NATS,
    source: include_str!("subject_convention.rs"),
    check: Check::Annotated(check),
};

fn check(schemas: &Annotated<'_>, report: &mut Report<'_>) {
    for (_, service) in schemas.services() {
        let options = &service.options;
        let said =
            [("subject", &options.subject, "svc."), ("queue group", &options.queue_group, "q.")];
        for (what, text, prefix) in said {
            if !text.is_empty() && !follows(text, prefix) {
                let message =
                    format!("{what} `{text}` of `{}` isn't of the form `{prefix}..`", service.name);
                report.element(schemas, &service.element, message);
            }
        }
        for method in &service.methods {
            let group = method.options.queue_group.as_ref();
            if let Some(group) = group.filter(|group| !follows(group, "q.")) {
                let message =
                    format!("queue group `{group}` of `{}` isn't of the form `q...`", method.name);
                report.element(schemas, &method.element, message);
            }
        }
    }
    for message in schemas.messages() {
        let Some(event) = message.event.as_ref().filter(|event| !event.subject.is_empty()) else {
            continue;
        };
        if !follows(&event.subject, "evt.") {
            let text = &event.subject;
            let message_ =
                format!("subject `{text}` of `{}` isn't of the form `evt...`", message.name);
            report.element(schemas, &message.element, message_);
        }
    }
}

/// Holes are fields, which have a form of their own.
fn follows(text: &str, prefix: &str) -> bool {
    let Some(rest) = text.strip_prefix(prefix) else { return false };
    let plain = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    rest.split('.')
        .all(|token| token.starts_with('{') || (!token.is_empty() && token.chars().all(plain)))
}
