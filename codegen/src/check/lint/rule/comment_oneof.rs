//! Keeps a comment before oneofs.
//!
//! # Why
//! Whoever calls a service reads its schema first, and often nothing else: generated documentation is made of these
//! comments. A line that begins with `buf:lint:ignore` says nothing to a reader and doesn't count.
//!
//! # Fix
//! Write in a comment before the oneof what it means, not what it is called.

use crate::check::lint::nodes::Oneof;
use crate::check::lint::report::Report;
use crate::check::lint::rule::comment;
use crate::check::lint::{COMMENTS, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "COMMENT_ONEOF",
    categories: COMMENTS,
    source: include_str!("comment_oneof.rs"),
    check: Check::Oneof(check),
};

fn check(oneof: &Oneof<'_>, report: &mut Report<'_>) {
    if !oneof.is_synthetic() {
        comment::judge(oneof, "Oneof", oneof.proto.name(), report);
    }
}
