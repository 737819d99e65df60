//! Keeps methods from streaming on the side of the client.
//!
//! # Why
//! Some transports and proxies carry single calls only.
//!
//! # Fix
//! Take one message, with a list or a page of it.

use crate::check::lint::nodes::Method;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule, UNARY_RPC};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "RPC_NO_CLIENT_STREAMING",
    categories: UNARY_RPC,
    source: include_str!("rpc_no_client_streaming.rs"),
    check: Check::Method(check),
};

fn check(method: &Method<'_>, report: &mut Report<'_>) {
    if method.proto.client_streaming() {
        let message = format!("RPC {:?} is client streaming.", method.proto.name());
        report.at(method.file, &method.path, message);
    }
}
