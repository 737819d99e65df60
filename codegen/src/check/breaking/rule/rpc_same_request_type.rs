//! Keeps the request type of a method.
//!
//! # Why
//! One side decodes another message than the other encoded, and code of callers no longer compiles.
//!
//! # Fix
//! Add fields to the type that is there, or add a method of another name.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Method;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "RPC_SAME_REQUEST_TYPE",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("rpc_same_request_type.rs"),
    check: Check::Method(check),
};

fn check(old: &Method<'_>, new: &Method<'_>, report: &mut Report<'_>) {
    let name = |it: &Method<'_>| it.proto.input_type().trim_start_matches('.').to_owned();
    let (before, after) = (name(old), name(new));
    if before != after {
        let method = new.describe();
        let message = format!("{method} changed request type from \"{before}\" to \"{after}\".");
        report.at(&new.part(&[2]), message);
    }
}
