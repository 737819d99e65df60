//! Keeps files in the folder that their package names.
//!
//! # Why
//! Imports then say the package, and a name leads to its file without a search.
//!
//! # Fix
//! Move the file, or correct its package.

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{Check, MINIMAL, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "PACKAGE_DIRECTORY_MATCH",
    categories: MINIMAL,
    source: include_str!("package_directory_match.rs"),
    check: Check::File(check),
};

fn check(file: &File<'_>, report: &mut Report<'_>) {
    let package = file.proto.package();
    let (expected, folder) = (package.replace('.', "/"), file.folder());
    if !package.is_empty() && folder != expected {
        let message = format!(
            "Files with package {package:?} must be within a directory \"{expected}\" relative to root but were \
             in directory \"{folder}\"."
        );
        report.at(file, &[tag::PACKAGE], message);
    }
}
