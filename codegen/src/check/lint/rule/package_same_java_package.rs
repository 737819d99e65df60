//! Keeps `java_package` the same in all files of a package.
//!
//! # Why
//! Generators for Java would put parts of one package in two places.
//!
//! # Fix
//! Write the same value in every file of the package, or in none.

use crate::check::lint::nodes::File;
use crate::check::lint::report::Report;
use crate::check::lint::rule::option;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "PACKAGE_SAME_JAVA_PACKAGE",
    categories: BASIC,
    source: include_str!("package_same_java_package.rs"),
    check: Check::Package(check),
};

fn check(package: &str, files: &[&File<'_>], report: &mut Report<'_>) {
    option::judge(
        package,
        files,
        ("java_package", 1),
        |options| options.java_package.clone(),
        report,
    );
}
