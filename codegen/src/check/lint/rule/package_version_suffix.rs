//! Keeps a version at the end of a package.
//!
//! # Why
//! A schema that must break goes into a package with the next version, and both run side by side until the last
//! caller has moved.
//!
//! # Fix
//! End the package with `.v1`, or `.v1beta1` while it may still change.

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule, STANDARD};
use crate::check::version::stability;

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "PACKAGE_VERSION_SUFFIX",
    categories: STANDARD,
    source: include_str!("package_version_suffix.rs"),
    check: Check::File(check),
};

fn check(file: &File<'_>, report: &mut Report<'_>) {
    let package = file.proto.package();
    if !package.is_empty() && stability(package).is_none() {
        let message = format!(
            "Package name {package:?} should be suffixed with a correctly formed version, such as \"{package}.v1\"."
        );
        report.at(file, &[tag::PACKAGE], message);
    }
}
