//! Keeps the numbers that a message leaves to extensions.
//!
//! # Why
//! An extension in that range no longer compiles, and its bytes are unknown fields.
//!
//! # Fix
//! Declare the range again.

use crate::check::breaking::range::{Owner, extensions};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Message;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "EXTENSION_MESSAGE_NO_DELETE",
    categories: &[FILE, PACKAGE],
    source: include_str!("extension_message_no_delete.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    Owner::message(new).compare("extension", &extensions(old), &extensions(new), report);
}
