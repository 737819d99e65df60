//! Keeps every field of a message, or reserves its name.
//!
//! # Why
//! JSON carries the name. Unless it is reserved, somebody will give it to another field.
//!
//! # Fix
//! Reserve its name in the message, or bring the field back.

use crate::check::breaking::number::{self, Unless};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Message;
use crate::check::breaking::{Check, Rule, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
    categories: &[WIRE_JSON],
    source: include_str!("field_no_delete_unless_name_reserved.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    number::fields(Unless::Name, old, new, report);
}
