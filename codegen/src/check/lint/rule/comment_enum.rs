//! Keeps a comment before enums.
//!
//! # Why
//! Whoever calls a service reads its schema first, and often nothing else: generated documentation is made of these
//! comments. A line that begins with `buf:lint:ignore` says nothing to a reader and doesn't count.
//!
//! # Fix
//! Write in a comment before the enum what it means, not what it is called.

use crate::check::lint::nodes::Enum;
use crate::check::lint::report::Report;
use crate::check::lint::rule::comment;
use crate::check::lint::{COMMENTS, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "COMMENT_ENUM",
    categories: COMMENTS,
    source: include_str!("comment_enum.rs"),
    check: Check::Enum(check),
};

fn check(node: &Enum<'_>, report: &mut Report<'_>) {
    comment::judge(node, "Enum", node.proto.name(), report);
}
