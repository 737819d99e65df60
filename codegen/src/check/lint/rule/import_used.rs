//! Keeps imports that are needed.
//!
//! # Why
//! An import that nothing needs slows every build down and binds two packages that have nothing to do with each
//! other.
//!
//! # Fix
//! Delete the line.

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "IMPORT_USED",
    categories: BASIC,
    source: include_str!("import_used.rs"),
    check: Check::File(check),
};

fn check(file: &File<'_>, report: &mut Report<'_>) {
    let unused = file.unused_imports();
    for (index, import) in (0..).zip(&file.proto.dependency) {
        if unused.contains(&import.as_str()) {
            report.at(file, &[tag::DEPENDENCY, index], format!("Import {import:?} is unused."));
        }
    }
}
