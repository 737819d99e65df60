//! Keeps HTTP routes to methods that take one request.
//!
//! # Why
//! An HTTP request is one message: what streams towards the service can't be sent through a route.
//!
//! # Fix
//! Delete the route, or add a method that takes one request.

use crate::check::bindings::bindings;
use crate::check::{Context, Rule};
use crate::diagnostic::Finding;

pub(in crate::check) const RULE: Rule =
    Rule { id: "HTTP_REQUEST_SINGLE", source: include_str!("http_request_single.rs"), check };

fn check(context: &Context<'_>, findings: &mut Vec<Finding>) {
    for binding in bindings(context.survey).filter(|it| it.method.client_streaming) {
        let name = &binding.method.name;
        let problem = format!("`{name}` takes a stream of requests and can't have a route");
        let place = binding.path_place(context.survey, "");
        let help = "delete the route, or add a method that takes one request";
        findings.push(Finding::new(RULE.id, problem, place).help(help));
    }
}
