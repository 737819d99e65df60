//! Keeps a field in its oneof, and others out of it.
//!
//! # Why
//! Setting one field of a oneof clears the others: what one side sent in two fields, the other reads as one.
//!
//! # Fix
//! Move the field back, and add another one where it was to go.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_ONEOF",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("field_same_oneof.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let field = new.describe();
    let message = match (old.oneof(), new.oneof()) {
        _ if old.is_extension() => return,
        // The `q` is `buf`'s own.
        (Some(before), Some(after)) if before != after => {
            format!("{field}q moved from oneof \"{before}\" to oneof \"{after}\".")
        }
        (Some(_), None) => format!("{field} moved from inside to outside a oneof."),
        (None, Some(_)) => format!("{field} moved from outside to inside a oneof."),
        (Some(_), Some(_)) | (None, None) => return,
    };
    report.at(&new.spot(), message);
}
