//! Keeps every field of a message.
//!
//! # Why
//! Code that names the field no longer compiles, and a peer that still sends it is not heard.
//!
//! # Fix
//! Bring the field back; mark it `deprecated` if nobody should fill it any more.

use crate::check::breaking::number::{self, Unless};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Message;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_NO_DELETE",
    categories: &[FILE, PACKAGE],
    source: include_str!("field_no_delete.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    number::fields(Unless::Never, old, new, report);
}
