//! Keeps the name of a method in the name of its response.
//!
//! # Why
//! A message of its own can grow with its method without changing another one, and the name says where it belongs.
//!
//! # Fix
//! Name the message `<Method>Response` or `<Service><Method>Response`.

use crate::check::lint::cases::pascal;
use crate::check::lint::nodes::{Method, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule, STANDARD};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "RPC_RESPONSE_STANDARD_NAME",
    categories: STANDARD,
    source: include_str!("rpc_response_standard_name.rs"),
    check: Check::Method(check),
};

fn check(method: &Method<'_>, report: &mut Report<'_>) {
    let full = method.proto.output_type().trim_start_matches('.');
    if report.config.rpc_allow_google_protobuf_empty_responses && full == "google.protobuf.Empty" {
        return;
    }
    let name = full.rsplit('.').next().unwrap_or(full);
    let short = pascal(method.proto.name()) + "Response";
    let long = pascal(method.parent.map_or("", |parent| parent.name())) + &short;
    if name != short && name != long {
        let message = format!("RPC response type {name:?} should be named {short:?} or {long:?}.");
        report.at(method.file, &method.at(tag::OUTPUT), message);
    }
}
