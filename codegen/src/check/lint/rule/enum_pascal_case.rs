//! Keeps names of enums in `PascalCase`.
//!
//! # Why
//! Generators turn names into the case of their language; from another case they make names that nobody expects, or
//! two that clash.
//!
//! # Fix
//! Write each word with a large first letter and without `_` between them.

use crate::check::lint::cases::pascal;
use crate::check::lint::nodes::Enum;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "ENUM_PASCAL_CASE",
    categories: BASIC,
    source: include_str!("enum_pascal_case.rs"),
    check: Check::Enum(check),
};

fn check(node: &Enum<'_>, report: &mut Report<'_>) {
    let (name, expected) = (node.proto.name(), pascal(node.proto.name()));
    if name != expected {
        let message = format!("Enum name {name:?} should be PascalCase, such as {expected:?}.");
        report.at(node.file, &node.name_path(), message);
    }
}
