//! Keeps names of methods in `PascalCase`.
//!
//! # Why
//! Generators turn names into the case of their language; from another case they make names that nobody expects, or
//! two that clash.
//!
//! # Fix
//! Write each word with a large first letter and without `_` between them.

use crate::check::lint::cases::pascal;
use crate::check::lint::nodes::Method;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "RPC_PASCAL_CASE",
    categories: BASIC,
    source: include_str!("rpc_pascal_case.rs"),
    check: Check::Method(check),
};

fn check(method: &Method<'_>, report: &mut Report<'_>) {
    let (name, expected) = (method.proto.name(), pascal(method.proto.name()));
    if name != expected {
        let message = format!("RPC name {name:?} should be PascalCase, such as {expected:?}.");
        report.at(method.file, &method.name_path(), message);
    }
}
