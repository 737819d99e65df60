//! Keeps the default of a field.
//!
//! # Why
//! The default is not sent: each side reads its own, so that the same bytes mean two things.
//!
//! # Fix
//! Set `default` to what it was.

use crate::check::breaking::default::Default;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_DEFAULT",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("field_same_default.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let before = Default::of(old, report.old);
    let Some((before, after)) = before.zip(Default::of(new, report.new)) else { return };
    let none = before.is_zero() && after.is_zero();
    if !none && !before.is_like(&after) {
        let (field, before, after) = (new.describe(), before.shown(), after.shown());
        let message = format!("{field} changed default value from {before} to {after}.");
        report.at(&new.part(&[7]).or(new.spot()), message);
    }
}
