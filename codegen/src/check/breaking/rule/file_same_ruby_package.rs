//! Keeps the option `ruby_package` of a file.
//!
//! # Why
//! Code of Ruby no longer finds the types.
//!
//! # Fix
//! Set `ruby_package` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_RUBY_PACKAGE",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_ruby_package.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"ruby_package\"",
        &[8, 45],
        |it| it.options.ruby_package().to_owned(),
        old,
        new,
        report,
    );
}
