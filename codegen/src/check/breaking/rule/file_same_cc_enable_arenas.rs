//! Keeps the option `cc_enable_arenas` of a file.
//!
//! # Why
//! Code of C++ that allocates on an arena no longer compiles.
//!
//! # Fix
//! Set `cc_enable_arenas` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_CC_ENABLE_ARENAS",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_cc_enable_arenas.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"cc_enable_arenas\"",
        &[8, 31],
        |it| it.options.cc_enable_arenas().to_string(),
        old,
        new,
        report,
    );
}
