//! Keeps names of messages in `PascalCase`.
//!
//! # Why
//! Generators turn names into the case of their language; from another case they make names that nobody expects, or
//! two that clash.
//!
//! # Fix
//! Write each word with a large first letter and without `_` between them.

use crate::check::lint::cases::pascal;
use crate::check::lint::nodes::Message;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "MESSAGE_PASCAL_CASE",
    categories: BASIC,
    source: include_str!("message_pascal_case.rs"),
    check: Check::Message(check),
};

fn check(node: &Message<'_>, report: &mut Report<'_>) {
    if node.is_map_entry() {
        return;
    }
    let (name, expected) = (node.proto.name(), pascal(node.proto.name()));
    if name != expected {
        let message = format!("Message name {name:?} should be PascalCase, such as {expected:?}.");
        report.at(node.file, &node.name_path(), message);
    }
}
