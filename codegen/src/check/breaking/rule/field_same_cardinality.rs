//! Keeps whether a field is optional, required, repeated or a map.
//!
//! # Why
//! Generated code has another type for it, and absence may no longer differ from the default.
//!
//! # Fix
//! Add a field with a number of its own, and fill both until nobody reads the old one.

use crate::check::breaking::cardinality::changed;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_CARDINALITY",
    categories: &[FILE, PACKAGE],
    source: include_str!("field_same_cardinality.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    if let Some(message) = changed(old, new, |it| it) {
        report.at(&new.spot(), message);
    }
}
