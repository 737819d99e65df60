//! Keeps the option `php_metadata_namespace` of a file.
//!
//! # Why
//! Code of PHP no longer finds the metadata.
//!
//! # Fix
//! Set `php_metadata_namespace` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_PHP_METADATA_NAMESPACE",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_php_metadata_namespace.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"php_metadata_namespace\"",
        &[8, 44],
        |it| it.options.php_metadata_namespace().to_owned(),
        old,
        new,
        report,
    );
}
