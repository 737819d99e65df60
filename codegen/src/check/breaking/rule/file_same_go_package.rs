//! Keeps the option `go_package` of a file.
//!
//! # Why
//! Code of Go no longer finds the types.
//!
//! # Fix
//! Set `go_package` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_GO_PACKAGE",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_go_package.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"go_package\"",
        &[8, 11],
        |it| it.options.go_package().to_owned(),
        old,
        new,
        report,
    );
}
