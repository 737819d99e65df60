//! Keeps every value of an enum.
//!
//! # Why
//! Code that names the value no longer compiles, and a peer may still send its number.
//!
//! # Fix
//! Bring the value back; mark it `deprecated` if nobody should send it any more.

use crate::check::breaking::number::{self, Unless};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Enum;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "ENUM_VALUE_NO_DELETE",
    categories: &[FILE, PACKAGE],
    source: include_str!("enum_value_no_delete.rs"),
    check: Check::Enum(check),
};

fn check(old: &Enum<'_>, new: &Enum<'_>, report: &mut Report<'_>) {
    number::values(Unless::Never, old, new, report);
}
