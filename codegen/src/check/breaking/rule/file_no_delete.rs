//! Keeps every file.
//!
//! # Why
//! Who imports the file no longer compiles. An import of a well-known file that was the last of its kind counts as
//! well.
//!
//! # Fix
//! Bring the file back. To move what is in it, keep it and import the new file publicly.

use crate::check::breaking::report::Report;
use crate::check::breaking::{Check, FILE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_NO_DELETE",
    categories: &[FILE],
    source: include_str!("file_no_delete.rs"),
    check: Check::Trees(check),
};

fn check(report: &mut Report<'_>) {
    let (old, new) = (report.old, report.new);
    for path in old.files.keys().filter(|path| !new.files.contains_key(*path)) {
        report.nowhere(path, path, format!("Previously present file \"{path}\" was deleted."));
    }
}
