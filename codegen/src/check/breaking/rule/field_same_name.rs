//! Keeps the name of a field.
//!
//! # Why
//! JSON and text carry the name, and code uses it.
//!
//! # Fix
//! Give the number its old name back.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_NAME",
    categories: &[FILE, PACKAGE, WIRE_JSON],
    source: include_str!("field_same_name.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let name = |it: &Field<'_>| {
        if old.is_extension() { it.full_name.clone() } else { it.proto.name().to_owned() }
    };
    let (before, after) = (name(old), name(new));
    if before != after {
        let field = new.describe_number();
        let message = format!("{field} changed name from \"{before}\" to \"{after}\".");
        report.at(&new.name_spot(), message);
    }
}
