//! Lets the type of a field change only where bytes and JSON mean the same.
//!
//! # Why
//! A reader of the old schema decodes the bytes or the JSON of the new one as something else.
//!
//! # Fix
//! Add a field with a number of its own, and fill both until nobody reads the old one.

use crate::check::breaking::kind;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, Rule, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_WIRE_JSON_COMPATIBLE_TYPE",
    categories: &[WIRE_JSON],
    source: include_str!("field_wire_json_compatible_type.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    if kind::wire_json_group(old.kind()) == kind::wire_json_group(new.kind()) {
        kind::renamed_beyond_growth(old, new, report);
    } else {
        kind::changed(old, new, kind::WIRE_JSON_PAGE, report);
    }
}
