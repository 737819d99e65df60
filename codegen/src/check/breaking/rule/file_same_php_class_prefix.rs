//! Keeps the option `php_class_prefix` of a file.
//!
//! # Why
//! Code of PHP no longer finds the types.
//!
//! # Fix
//! Set `php_class_prefix` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_PHP_CLASS_PREFIX",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_php_class_prefix.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"php_class_prefix\"",
        &[8, 40],
        |it| it.options.php_class_prefix().to_owned(),
        old,
        new,
        report,
    );
}
