//! Keeps the type of a field.
//!
//! # Why
//! A reader of the old schema decodes the bytes of the new one as something else, and code that uses the field no
//! longer compiles.
//!
//! # Fix
//! Add a field with a number of its own, and fill both until nobody reads the old one.

use crate::check::breaking::kind;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_TYPE",
    categories: &[FILE, PACKAGE],
    source: include_str!("field_same_type.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    if old.kind() != new.kind() {
        kind::changed(old, new, "", report);
    } else if kind::is_named(new.kind()) && old.type_name() != new.type_name() {
        kind::renamed(old, new, report);
    }
}
