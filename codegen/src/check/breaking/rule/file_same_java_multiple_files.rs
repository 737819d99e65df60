//! Keeps the option `java_multiple_files` of a file.
//!
//! # Why
//! Java classes move in or out of the outer class, and code that imports them no longer compiles.
//!
//! # Fix
//! Set `java_multiple_files` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_JAVA_MULTIPLE_FILES",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_java_multiple_files.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"java_multiple_files\"",
        &[8, 10],
        |it| it.options.java_multiple_files().to_string(),
        old,
        new,
        report,
    );
}
