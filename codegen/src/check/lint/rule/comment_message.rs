//! Keeps a comment before messages.
//!
//! # Why
//! Whoever calls a service reads its schema first, and often nothing else: generated documentation is made of these
//! comments. A line that begins with `buf:lint:ignore` says nothing to a reader and doesn't count.
//!
//! # Fix
//! Write in a comment before the message what it means, not what it is called.

use crate::check::lint::nodes::Message;
use crate::check::lint::report::Report;
use crate::check::lint::rule::comment;
use crate::check::lint::{COMMENTS, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "COMMENT_MESSAGE",
    categories: COMMENTS,
    source: include_str!("comment_message.rs"),
    check: Check::Message(check),
};

fn check(message: &Message<'_>, report: &mut Report<'_>) {
    if !message.is_map_entry() {
        comment::judge(message, "Message", message.proto.name(), report);
    }
}
