//! Keeps the frames of a stream apart from answers.
//!
//! # Why
//! A frame and an answer grow in different ways: a frame gains cursors and heartbeats that make no sense in an
//! answer, and whoever adds one adds it to both.
//!
//! # Fix
//! Give the stream a message of its own that holds the other.

use crate::check::lint::annotated::Annotated;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, NATS, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "STREAM_RESPONSE_UNIQUE",
    categories: NATS,
    source: include_str!("stream_response_unique.rs"),
    check: Check::Annotated(check),
};

fn check(schemas: &Annotated<'_>, report: &mut Report<'_>) {
    for (_, service) in schemas.services() {
        for method in service.methods.iter().filter(|method| method.server_streaming) {
            let all = schemas.services().flat_map(|(_, service)| &service.methods);
            let mut unary = all.filter(|it| !it.server_streaming && it.response == method.response);
            if let Some(other) = unary.next() {
                let (name, other) = (&method.name, &other.full_name);
                let message = format!("frames of `{name}` are the answer of `{other}` as well");
                report.element(schemas, &method.element, message);
            }
        }
    }
}
