//! Keeps a subject on every event.
//!
//! # Why
//! An event without one can't be published.
//!
//! # Fix
//! Write one, such as `evt.zoo.opened.v1` or `evt.zoo.animal.born.v1.{tenant}`.

use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "EVENT_SUBJECT", source: include_str!("event_subject.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for (_, message, _) in context.survey.events().filter(|(_, _, it)| it.subject.is_empty()) {
        let place = context.survey.option(&message.element, "subject");
        let text = format!("event `{}` has no subject", message.name);
        findings.push(
            Finding::new(RULE.id, text, place)
                .help("add `subject: \"evt.<domain>.<what>.v1\"`, with `{field}` where needed"),
        );
    }
}
