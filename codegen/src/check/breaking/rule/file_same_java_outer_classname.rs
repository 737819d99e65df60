//! Keeps the option `java_outer_classname` of a file.
//!
//! # Why
//! Code of Java no longer finds the outer class.
//!
//! # Fix
//! Set `java_outer_classname` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_JAVA_OUTER_CLASSNAME",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_java_outer_classname.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"java_outer_classname\"",
        &[8, 8],
        |it| it.options.java_outer_classname().to_owned(),
        old,
        new,
        report,
    );
}
