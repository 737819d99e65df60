//! Keeps whether a string has to be valid UTF-8.
//!
//! # Why
//! `proto3` refuses text that `proto2` lets pass: what one side sends, the other can no longer read.
//!
//! # Fix
//! Keep the syntax of the file.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::{Field, is_proto2};
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};
use crate::check::image::descriptor::field_descriptor_proto::Type;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_UTF8_VALIDATION",
    categories: &[FILE, PACKAGE],
    source: include_str!("field_same_utf8_validation.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let word = |it: &Field<'_>| if is_proto2(it.file) { "NONE" } else { "VERIFY" };
    if old.kind() == Type::String && new.kind() == Type::String && word(old) != word(new) {
        let (field, before, after) = (new.describe(), word(old), word(new));
        let message = format!("{field} changed UTF8 validation from {before} to {after}.");
        report.at(&new.spot(), message);
    }
}
