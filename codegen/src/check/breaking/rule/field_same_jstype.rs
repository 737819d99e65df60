//! Keeps what a 64-bit integer is in JavaScript.
//!
//! # Why
//! Code of JavaScript gets a string where it expects a number, or a number that has lost digits.
//!
//! # Fix
//! Set `jstype` to what it was.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};
use crate::check::image::descriptor::FieldOptions;
use crate::check::image::descriptor::field_descriptor_proto::Type;
use crate::check::image::descriptor::field_options::JsType;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_JSTYPE",
    categories: &[FILE, PACKAGE],
    source: include_str!("field_same_jstype.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let jstype =
        |it: &Field<'_>| it.proto.options.as_ref().map_or(JsType::JsNormal, FieldOptions::jstype);
    if is_long(old) && is_long(new) && jstype(old) != jstype(new) {
        let (field, before, after) = (new.describe(), jstype(old), jstype(new));
        let (before, after) = (before.as_str_name(), after.as_str_name());
        let message =
            format!("{field} changed option \"jstype\" from \"{before}\" to \"{after}\".");
        report.at(&new.part(&[8, 6]).or(new.spot()), message);
    }
}

fn is_long(field: &Field<'_>) -> bool {
    use Type::{Fixed64, Int64, Sfixed64, Sint64, Uint64};
    matches!(field.kind(), Int64 | Sint64 | Uint64 | Fixed64 | Sfixed64)
}
