//! Lets a field change only between ways of counting that have the same bytes and the same JSON.
//!
//! # Why
//! One value, a list and an object of keys and values are different JSON.
//!
//! # Fix
//! Add a field with a number of its own, and fill both until nobody reads the old one.

use crate::check::breaking::cardinality::{Cardinality, changed};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, Rule, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_WIRE_JSON_COMPATIBLE_CARDINALITY",
    categories: &[WIRE_JSON],
    source: include_str!("field_wire_json_compatible_cardinality.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    if let Some(message) = changed(old, new, Cardinality::wire_json_group) {
        report.at(&new.spot(), message);
    }
}
