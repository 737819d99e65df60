//! Keeps what a method promises about repeated calls.
//!
//! # Why
//! Callers repeat calls of a method that says it is idempotent; one that no longer is does its work twice.
//!
//! # Fix
//! Set `idempotency_level` to what it was, or add a method of another name.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Method;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};
use crate::check::image::descriptor::MethodOptions;
use crate::check::image::descriptor::method_options::IdempotencyLevel;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "RPC_SAME_IDEMPOTENCY_LEVEL",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("rpc_same_idempotency_level.rs"),
    check: Check::Method(check),
};

fn check(old: &Method<'_>, new: &Method<'_>, report: &mut Report<'_>) {
    let level = |it: &Method<'_>| {
        let options = it.proto.options.as_ref();
        options.map_or(IdempotencyLevel::IdempotencyUnknown, MethodOptions::idempotency_level)
    };
    let (before, after) = (level(old), level(new));
    if before != after {
        let (method, before, after) = (new.describe(), before.as_str_name(), after.as_str_name());
        let message = format!(
            "{method} changed option \"idempotency_level\" from \"{before}\" to \"{after}\"."
        );
        report.at(&new.part(&[4, 34]), message);
    }
}
