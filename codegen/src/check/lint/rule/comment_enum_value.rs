//! Keeps a comment before values of enums.
//!
//! # Why
//! Whoever calls a service reads its schema first, and often nothing else: generated documentation is made of these
//! comments. A line that begins with `buf:lint:ignore` says nothing to a reader and doesn't count.
//!
//! # Fix
//! Write in a comment before the enum value what it means, not what it is called.

use crate::check::lint::nodes::EnumValue;
use crate::check::lint::report::Report;
use crate::check::lint::rule::comment;
use crate::check::lint::{COMMENTS, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "COMMENT_ENUM_VALUE",
    categories: COMMENTS,
    source: include_str!("comment_enum_value.rs"),
    check: Check::EnumValue(check),
};

fn check(value: &EnumValue<'_>, report: &mut Report<'_>) {
    comment::judge(value, "Enum value", value.proto.name(), report);
}
