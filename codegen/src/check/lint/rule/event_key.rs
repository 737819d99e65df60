//! Keeps a key in the subject of every event.
//!
//! # Why
//! Consumers filter by subject, on the server. An event that names its entity only inside reaches every consumer of
//! that kind, and each has to open all of them to find the few that it wants.
//!
//! # Fix
//! End the subject with a field that says what the event is about, such as `evt.quest.completed.v1.{quest_id}`, or
//! say with a comment why nobody ever wants one alone.

use crate::check::lint::annotated::Annotated;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, NATS, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "EVENT_KEY",
    categories: NATS,
    source: include_str!("event_key.rs"),
    check: Check::Annotated(check),
};

fn check(schemas: &Annotated<'_>, report: &mut Report<'_>) {
    for message in schemas.messages() {
        let Some(event) = &message.event else { continue };
        if !event.subject.is_empty() && !event.subject.contains('{') {
            let message_ =
                format!("event `{}` has no key in its subject `{}`", message.name, event.subject);
            report.element(schemas, &message.element, message_);
        }
    }
}
