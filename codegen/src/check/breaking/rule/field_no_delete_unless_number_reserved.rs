//! Keeps every field of a message, or reserves its number.
//!
//! # Why
//! The wire carries the number. Unless it is reserved, somebody will give it to another field, and old bytes are
//! read as something else.
//!
//! # Fix
//! Reserve its number in the message, or bring the field back.

use crate::check::breaking::number::{self, Unless};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Message;
use crate::check::breaking::{Check, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
    categories: &[WIRE_JSON, WIRE],
    source: include_str!("field_no_delete_unless_number_reserved.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    number::fields(Unless::Number, old, new, report);
}
