//! Keeps every package.
//!
//! # Why
//! Everything in it is gone for everyone who names it.
//!
//! # Fix
//! Bring the package back, or keep it beside its successor until nobody uses it.

use std::collections::BTreeSet;

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Tree;
use crate::check::breaking::{Check, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "PACKAGE_NO_DELETE",
    categories: &[PACKAGE],
    source: include_str!("package_no_delete.rs"),
    check: Check::Trees(check),
};

fn check(report: &mut Report<'_>) {
    let packages = |tree: &Tree<'_>| -> BTreeSet<_> {
        tree.files.values().map(|file| file.proto.package().to_owned()).collect()
    };
    for package in packages(report.old).difference(&packages(report.new)) {
        let mut files = report.old.files.iter();
        let first = files.find(|(_, file)| file.proto.package() == package);
        let path = first.map_or("", |(path, _)| path);
        let message = format!("Previously present package \"{package}\" was deleted.");
        report.nowhere(package, path, message);
    }
}
