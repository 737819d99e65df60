//! Keeps the syntax of a file.
//!
//! # Why
//! Presence, enums, UTF-8 and packed fields all follow the syntax, and so does the generated code.
//!
//! # Fix
//! Keep the syntax, and put what needs another one into a file of its own.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::{File, is_proto2};
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_SYNTAX",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_syntax.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    let word = |it: &File<'_>| if is_proto2(it.proto) { "proto2" } else { "proto3" }.to_owned();
    file::same("syntax", &[12], word, old, new, report);
}
