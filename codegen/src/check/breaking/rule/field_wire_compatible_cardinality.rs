//! Lets a field change only between ways of counting that have the same bytes.
//!
//! # Why
//! A reader of one value takes the last of several and drops the others; a required field that is missing makes the
//! whole message unreadable.
//!
//! # Fix
//! Add a field with a number of its own, and fill both until nobody reads the old one.

use crate::check::breaking::cardinality::{Cardinality, changed};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, Rule, WIRE};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_WIRE_COMPATIBLE_CARDINALITY",
    categories: &[WIRE],
    source: include_str!("field_wire_compatible_cardinality.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    if let Some(message) = changed(old, new, Cardinality::wire_group) {
        report.at(&new.spot(), message);
    }
}
