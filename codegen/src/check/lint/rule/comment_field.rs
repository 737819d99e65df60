//! Keeps a comment before fields.
//!
//! # Why
//! Whoever calls a service reads its schema first, and often nothing else: generated documentation is made of these
//! comments. A line that begins with `buf:lint:ignore` says nothing to a reader and doesn't count.
//!
//! # Fix
//! Write in a comment before the field what it means, not what it is called.

use crate::check::lint::nodes::Field;
use crate::check::lint::report::Report;
use crate::check::lint::rule::comment;
use crate::check::lint::{COMMENTS, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "COMMENT_FIELD",
    categories: COMMENTS,
    source: include_str!("comment_field.rs"),
    check: Check::Field(check),
};

fn check(field: &Field<'_>, report: &mut Report<'_>) {
    if !field.is_of_map_entry() && !field.is_group() {
        comment::judge(field, "Field", field.proto.name(), report);
    }
}
