//! Keeps imports from being public.
//!
//! # Why
//! What a public import passes on is used by files that don't say so: it can't be moved without breaking them.
//!
//! # Fix
//! Import the file where it is used.

use crate::check::lint::nodes::Import;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "IMPORT_NO_PUBLIC",
    categories: BASIC,
    source: include_str!("import_no_public.rs"),
    check: Check::Import(check),
};

fn check(import: &Import<'_>, report: &mut Report<'_>) {
    let index = import.path.last().copied().unwrap_or_default();
    if import.file.proto.public_dependency.contains(&index) {
        let message = format!("Import {:?} must not be public.", import.proto);
        report.at(import.file, &import.path, message);
    }
}
