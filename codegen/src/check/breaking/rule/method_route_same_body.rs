//! Keeps what the body of an HTTP request fills.
//!
//! # Why
//! Callers send the same body: fields that it doesn't fill any more are lost or refused, and those that come from the query
//! now are no longer found there.
//!
//! # Fix
//! Add a route beside it with another path.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running, over_http};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::model::Body;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_ROUTE_SAME_BODY",
    categories: &[NATS],
    source: include_str!("method_route_same_body.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (Pair { old, new, service }, method) in running.routes() {
        if number(&old.body) != number(&new.body) {
            let message = format!(
                "Route \"{new}\" of method \"{}\" takes {} as its body instead of {}.",
                method.full_name,
                describe(&new.body),
                describe(&old.body)
            );
            report.method(service, &method.name, message, vec![over_http(new)]);
        }
    }
}

/// What tells bodies apart: a field of another name is still the same body.
fn number(body: &Body) -> Option<&[u32]> {
    match body {
        Body::None => None,
        Body::Rest => Some(&[]),
        Body::Field(field) => Some(&field.numbers),
    }
}

fn describe(body: &Body) -> String {
    match body {
        Body::None => "nothing".to_owned(),
        Body::Rest => "all fields that the path doesn't fill".to_owned(),
        Body::Field(field) => format!("field \"{}\"", field.text),
    }
}
