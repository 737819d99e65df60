//! Keeps the option `java_package` of a file.
//!
//! # Why
//! Code of Java no longer finds the types.
//!
//! # Fix
//! Set `java_package` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_JAVA_PACKAGE",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_java_package.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"java_package\"",
        &[8, 1],
        |it| it.options.java_package().to_owned(),
        old,
        new,
        report,
    );
}
