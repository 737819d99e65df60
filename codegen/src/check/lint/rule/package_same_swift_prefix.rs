//! Keeps `swift_prefix` the same in all files of a package.
//!
//! # Why
//! Generators for Swift would put parts of one package in two places.
//!
//! # Fix
//! Write the same value in every file of the package, or in none.

use crate::check::lint::nodes::File;
use crate::check::lint::report::Report;
use crate::check::lint::rule::option;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "PACKAGE_SAME_SWIFT_PREFIX",
    categories: BASIC,
    source: include_str!("package_same_swift_prefix.rs"),
    check: Check::Package(check),
};

fn check(package: &str, files: &[&File<'_>], report: &mut Report<'_>) {
    option::judge(
        package,
        files,
        ("swift_prefix", 39),
        |options| options.swift_prefix.clone(),
        report,
    );
}
