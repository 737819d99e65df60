//! Keeps what an HTTP route answers.
//!
//! # Why
//! Callers get another shape of JSON: a field where the whole response was, or the whole where a field was.
//!
//! # Fix
//! Add a route beside it with another path.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running, over_http};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::model::Route;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_ROUTE_SAME_RESPONSE_BODY",
    categories: &[NATS],
    source: include_str!("method_route_same_response_body.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (Pair { old, new, service }, method) in running.routes() {
        let number = |route: &Route| route.response_body.as_ref().map(|it| it.numbers.clone());
        if number(old) != number(new) {
            let message = format!(
                "Route \"{new}\" of method \"{}\" answers with {} instead of {}.",
                method.full_name,
                describe(new),
                describe(old)
            );
            report.method(service, &method.name, message, vec![over_http(new)]);
        }
    }
}

fn describe(route: &Route) -> String {
    let field = route.response_body.as_ref();
    field.map_or_else(|| "the whole response".to_owned(), |it| format!("field \"{}\"", it.text))
}
