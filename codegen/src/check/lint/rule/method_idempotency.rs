//! Keeps every unary method that changes something safe to repeat.
//!
//! # Why
//! A caller whose answer is lost must call again. Unless the method is keyed, compares a version, or has the same
//! effect each time, that does it twice.
//!
//! # Fix
//! Write `idempotency: IDEMPOTENCY_KEYED`, take an `expected_version`, or declare `idempotency_level` where
//! repeating is harmless already.

use crate::schema::option::KEYED;
use crate::schema::survey::{IdempotencyLevel, Method, Survey};

use crate::check::lint::annotated::Annotated;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, NATS, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "METHOD_IDEMPOTENCY",
    categories: NATS,
    source: include_str!("method_idempotency.rs"),
    check: Check::Annotated(check),
};

fn check(schemas: &Annotated<'_>, report: &mut Report<'_>) {
    for (_, service) in schemas.services() {
        for method in &service.methods {
            let said = method.level != IdempotencyLevel::IdempotencyUnknown;
            // A stream that breaks is opened anew by whoever reads it, not by a retry.
            let streams = method.client_streaming || method.server_streaming;
            let keyed = method.options.idempotency == KEYED;
            if !said && !keyed && !streams && !compares(schemas.survey(), method) {
                let message = format!("calling `{}` again may do it twice", method.name);
                report.element(schemas, &method.element, message);
            }
        }
    }
}

/// Tells whether the request says which version it changes.
fn compares(survey: &Survey, method: &Method) -> bool {
    let request = survey.messages.get(&method.request);
    let mut fields = request.into_iter().flat_map(|request| &request.fields);
    fields.any(|field| field.name.starts_with("expected_"))
}
