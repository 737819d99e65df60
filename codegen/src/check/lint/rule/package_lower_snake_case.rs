//! Keeps names of packages in `lower_snake.case`.
//!
//! # Why
//! They become folders, modules and parts of subjects, where large letters are an accident that waits.
//!
//! # Fix
//! Write each part in small letters with `_` between words.

use crate::check::lint::cases::lower_snake;
use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "PACKAGE_LOWER_SNAKE_CASE",
    categories: BASIC,
    source: include_str!("package_lower_snake_case.rs"),
    check: Check::File(check),
};

fn check(file: &File<'_>, report: &mut Report<'_>) {
    let package = file.proto.package();
    let expected: Vec<_> = package.split('.').map(lower_snake).collect();
    let expected = expected.join(".");
    if package != expected {
        let message =
            format!("Package name {package:?} should be lower_snake.case, such as {expected:?}.");
        report.at(file, &[tag::PACKAGE], message);
    }
}
