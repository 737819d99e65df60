//! Keeps the option `optimize_for` of a file.
//!
//! # Why
//! Generated classes get another base: code of C++ and Java that reflects on them no longer compiles.
//!
//! # Fix
//! Set `optimize_for` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_OPTIMIZE_FOR",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_optimize_for.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"optimize_for\"",
        &[8, 9],
        |it| it.options.optimize_for().as_str_name().to_owned(),
        old,
        new,
        report,
    );
}
