//! Keeps a package in one folder.
//!
//! # Why
//! Who looks for a type of the package should have one place to look.
//!
//! # Fix
//! Move the files to one folder.

use std::collections::BTreeSet;

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{Check, MINIMAL, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "PACKAGE_SAME_DIRECTORY",
    categories: MINIMAL,
    source: include_str!("package_same_directory.rs"),
    check: Check::Package(check),
};

fn check(package: &str, files: &[&File<'_>], report: &mut Report<'_>) {
    let folders: BTreeSet<_> = files.iter().map(|file| file.folder()).collect();
    if folders.len() > 1 {
        let folders = folders.into_iter().collect::<Vec<_>>().join(",");
        for file in files {
            let message =
                format!("Multiple directories {folders:?} contain files with package {package:?}.");
            report.at(file, &[tag::PACKAGE], message);
        }
    }
}
