//! Keeps every value of an enum, or reserves its number.
//!
//! # Why
//! The wire carries the number. Unless it is reserved, somebody will give it to another name.
//!
//! # Fix
//! Reserve its number in the enum, or bring the value back.

use crate::check::breaking::number::{self, Unless};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Enum;
use crate::check::breaking::{Check, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "ENUM_VALUE_NO_DELETE_UNLESS_NUMBER_RESERVED",
    categories: &[WIRE_JSON, WIRE],
    source: include_str!("enum_value_no_delete_unless_number_reserved.rs"),
    check: Check::Enum(check),
};

fn check(old: &Enum<'_>, new: &Enum<'_>, report: &mut Report<'_>) {
    number::values(Unless::Number, old, new, report);
}
