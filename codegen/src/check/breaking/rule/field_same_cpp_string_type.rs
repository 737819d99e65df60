//! Keeps what a string is in C++.
//!
//! # Why
//! Code of C++ that uses the field no longer compiles. `STRING_PIECE` may become `STRING`.
//!
//! # Fix
//! Set `ctype` to what it was.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};
use crate::check::image::descriptor::FieldOptions;
use crate::check::image::descriptor::field_descriptor_proto::Type;
use crate::check::image::descriptor::field_options::CType;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_CPP_STRING_TYPE",
    categories: &[FILE, PACKAGE],
    source: include_str!("field_same_cpp_string_type.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let text = |it: &Field<'_>| matches!(it.kind(), Type::String | Type::Bytes);
    let entry = old.is_in_entry() && new.is_in_entry();
    let ctype =
        |it: &Field<'_>| it.proto.options.as_ref().map_or(CType::String, FieldOptions::ctype);
    let (before, after) = (ctype(old), ctype(new));
    let relaxed = before == CType::StringPiece && after == CType::String;
    if text(old) && text(new) && !entry && before != after && !relaxed {
        let field = new.describe();
        let (before, after) = (before.as_str_name(), after.as_str_name());
        let message = format!("{field} changed C++ string type from \"{before}\" to \"{after}\".");
        report.at(&new.part(&[8, 1]).or(new.spot()), message);
    }
}
