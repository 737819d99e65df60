//! Keeps a comment before methods.
//!
//! # Why
//! Whoever calls a service reads its schema first, and often nothing else: generated documentation is made of these
//! comments. A line that begins with `buf:lint:ignore` says nothing to a reader and doesn't count.
//!
//! # Fix
//! Write in a comment before the method what it means, not what it is called.

use crate::check::lint::nodes::Method;
use crate::check::lint::report::Report;
use crate::check::lint::rule::comment;
use crate::check::lint::{COMMENTS, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "COMMENT_RPC",
    categories: COMMENTS,
    source: include_str!("comment_rpc.rs"),
    check: Check::Method(check),
};

fn check(method: &Method<'_>, report: &mut Report<'_>) {
    comment::judge(method, "RPC", method.proto.name(), report);
}
