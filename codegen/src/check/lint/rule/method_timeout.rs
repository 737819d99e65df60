//! Keeps a time-out for every method.
//!
//! # Why
//! Without one a call takes the default of five seconds, which somebody chose who did not know the method: too long
//! for a lookup in the game loop, too short for a model.
//!
//! # Fix
//! Write `timeout` at the method, at its service, or for the file.

use crate::check::lint::annotated::Annotated;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, NATS, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "METHOD_TIMEOUT",
    categories: NATS,
    source: include_str!("method_timeout.rs"),
    check: Check::Annotated(check),
};

fn check(schemas: &Annotated<'_>, report: &mut Report<'_>) {
    for (file, service) in schemas.services() {
        if file.options.timeout.is_some() || service.options.timeout.is_some() {
            continue;
        }
        for method in service.methods.iter().filter(|method| method.options.timeout.is_none()) {
            let message = format!("`{}` doesn't say how long a call may take", method.name);
            report.element(schemas, &method.element, message);
        }
    }
}
