//! Keeps the package of a file.
//!
//! # Why
//! Every type and method in it gets another full name: subjects, `Any` values and imports break.
//!
//! # Fix
//! Keep the package, and put the new one into a file of its own.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_PACKAGE",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("file_same_package.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same("package", &[2], |it| it.proto.package().to_owned(), old, new, report);
}
