//! Keeps every file in a package.
//!
//! # Why
//! Names without a package clash with those of everyone else, and nothing can version them.
//!
//! # Fix
//! Write a `package` statement that matches the folder.

use crate::check::lint::nodes::File;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, MINIMAL, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "PACKAGE_DEFINED",
    categories: MINIMAL,
    source: include_str!("package_defined.rs"),
    check: Check::File(check),
};

fn check(file: &File<'_>, report: &mut Report<'_>) {
    if file.proto.package().is_empty() {
        report.file(file, "Files must have a package defined.");
    }
}
