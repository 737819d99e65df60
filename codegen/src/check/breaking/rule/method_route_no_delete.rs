//! Keeps every HTTP route of a method.
//!
//! # Why
//! Callers over HTTP, who are not built from these schemas and don't know of the change, get `404 Not Found`, or the answer
//! of another method.
//!
//! # Fix
//! Bring the route back; a method may have several, as `additional_bindings`.

use crate::check::breaking::report::Report;
use crate::check::breaking::running::{Pair, Running, over_http};
use crate::check::breaking::{Check, NATS, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "METHOD_ROUTE_NO_DELETE",
    categories: &[NATS],
    source: include_str!("method_route_no_delete.rs"),
    check: Check::Running(check),
};

fn check(running: &Running<'_>, report: &mut Report<'_>) {
    for Pair { old, new, service } in running.methods() {
        for route in
            old.routes.iter().filter(|old| new.routes.iter().all(|it| !it.matches_like(old)))
        {
            let name = &new.full_name;
            let message = match running.routed(route) {
                Some(other) => {
                    format!("Route \"{route}\" of method \"{name}\" reaches \"{other}\" instead.")
                }
                None => format!(
                    "Previously present route \"{route}\" of method \"{name}\" was deleted."
                ),
            };
            report.method(service, &new.name, message, vec![over_http(route)]);
        }
    }
}
