//! Keeps the fields that the path of an HTTP route fills.
//!
//! # Why
//! What callers put into the path lands in another field of the request.
//!
//! # Fix
//! Add a route beside it whose path differs in a word.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running, over_http};
use crate::check::breaking::{Check, NATS, Rule};
use crate::schema::model::Route;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_ROUTE_SAME_VARIABLES",
    categories: &[NATS],
    source: include_str!("method_route_same_variables.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for (Pair { old, new, service }, method) in running.routes() {
        let fields = |route: &Route| -> Vec<_> {
            let variables = route.path.variables.iter();
            variables.map(|it| (it.field.numbers.clone(), it.segments.clone())).collect()
        };
        if fields(old) != fields(new) {
            let message = format!(
                "Route \"{old}\" of method \"{}\" fills other fields as \"{new}\".",
                method.full_name
            );
            report.method(service, &method.name, message, vec![over_http(new)]);
        }
    }
}
