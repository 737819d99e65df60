//! Keeps the option `cc_generic_services` of a file.
//!
//! # Why
//! Code of C++ that uses the generic services no longer compiles.
//!
//! # Fix
//! Set `cc_generic_services` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_CC_GENERIC_SERVICES",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_cc_generic_services.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"cc_generic_services\"",
        &[8, 16],
        |it| it.options.cc_generic_services().to_string(),
        old,
        new,
        report,
    );
}
