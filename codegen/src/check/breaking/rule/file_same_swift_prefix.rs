//! Keeps the option `swift_prefix` of a file.
//!
//! # Why
//! Code of Swift no longer finds the types.
//!
//! # Fix
//! Set `swift_prefix` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_SWIFT_PREFIX",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_swift_prefix.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"swift_prefix\"",
        &[8, 39],
        |it| it.options.swift_prefix().to_owned(),
        old,
        new,
        report,
    );
}
