//! Keeps whether a string has to be valid UTF-8 in Java.
//!
//! # Why
//! A reader in Java refuses text that it took before, or takes what it refused.
//!
//! # Fix
//! Set `java_string_check_utf8` to what it was, and keep the syntax of the file.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::{Field, Spot, is_proto2};
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};
use crate::check::image::descriptor::FileOptions;
use crate::check::image::descriptor::field_descriptor_proto::Type;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_SAME_JAVA_UTF8_VALIDATION",
    categories: &[FILE, PACKAGE],
    source: include_str!("field_same_java_utf8_validation.rs"),
    check: Check::Field(check),
};

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let word = |it: &Field<'_>| {
        let options = it.file.options.as_ref();
        let asked = options.is_some_and(FileOptions::java_string_check_utf8);
        if asked || !is_proto2(it.file) { "VERIFY" } else { "NONE" }
    };
    if old.kind() == Type::String && new.kind() == Type::String && word(old) != word(new) {
        let (field, before, after) = (new.describe(), word(old), word(new));
        let message = format!(
            "{field} changed Java string UTF8 validation from \"{before}\" to \"{after}\"."
        );
        let option = Spot { file: new.file.name(), paths: vec![vec![8, 27]] };
        report.at(&option.or(new.spot()), message);
    }
}
