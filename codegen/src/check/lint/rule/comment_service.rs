//! Keeps a comment before services.
//!
//! # Why
//! Whoever calls a service reads its schema first, and often nothing else: generated documentation is made of these
//! comments. A line that begins with `buf:lint:ignore` says nothing to a reader and doesn't count.
//!
//! # Fix
//! Write in a comment before the service what it means, not what it is called.

use crate::check::lint::nodes::Service;
use crate::check::lint::report::Report;
use crate::check::lint::rule::comment;
use crate::check::lint::{COMMENTS, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "COMMENT_SERVICE",
    categories: COMMENTS,
    source: include_str!("comment_service.rs"),
    check: Check::Service(check),
};

fn check(service: &Service<'_>, report: &mut Report<'_>) {
    comment::judge(service, "Service", service.proto.name(), report);
}
