//! Keeps every value of an enum, or reserves its name.
//!
//! # Why
//! JSON carries the name. Unless it is reserved, somebody will give it to another number.
//!
//! # Fix
//! Reserve its name in the enum, or bring the value back.

use crate::check::breaking::number::{self, Unless};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Enum;
use crate::check::breaking::{Check, Rule, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "ENUM_VALUE_NO_DELETE_UNLESS_NAME_RESERVED",
    categories: &[WIRE_JSON],
    source: include_str!("enum_value_no_delete_unless_name_reserved.rs"),
    check: Check::Enum(check),
};

fn check(old: &Enum<'_>, new: &Enum<'_>, report: &mut Report<'_>) {
    number::values(Unless::Name, old, new, report);
}
