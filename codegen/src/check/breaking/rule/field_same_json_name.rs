//! Keeps the JSON name of a field.
//!
//! # Why
//! JSON carries it: an old peer does not find the field under another name.
//!
//! # Fix
//! Set `json_name` to what it was.

use crate::check::breaking::quote::quote;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_JSON_NAME",
    categories: &[FILE, PACKAGE, WIRE_JSON],
    source: include_str!("field_same_json_name.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let (before, after) = (old.proto.json_name(), new.proto.json_name());
    if before != after && !old.is_extension() {
        let field = new.describe();
        let (before, after) = (quote(before), quote(after));
        let message = format!("{field} changed option \"json_name\" from {before} to {after}.");
        report.at(&new.part(&[10]).or(new.spot()), message);
    }
}
