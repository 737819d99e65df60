//! Keeps whether the client of a method streams.
//!
//! # Why
//! One side sends a single message where the other waits for a stream, or the other way round.
//!
//! # Fix
//! Add a method of another name, and keep the old one until nobody calls it.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Method;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "RPC_SAME_CLIENT_STREAMING",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("rpc_same_client_streaming.rs"),
    check: Check::Method(check),
};

fn check(old: &Method<'_>, new: &Method<'_>, report: &mut Report<'_>) {
    let word = |it: &Method<'_>| if it.proto.client_streaming() { "streaming" } else { "unary" };
    if word(old) != word(new) {
        let (method, before, after) = (new.describe(), word(old), word(new));
        let message = format!("{method} changed from client {before} to client {after}.");
        report.at(&new.spot(), message);
    }
}
