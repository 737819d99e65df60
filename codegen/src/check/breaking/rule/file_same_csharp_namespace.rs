//! Keeps the option `csharp_namespace` of a file.
//!
//! # Why
//! Code of C# no longer finds the types.
//!
//! # Fix
//! Set `csharp_namespace` to what it was.

use crate::check::breaking::file;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FILE_SAME_CSHARP_NAMESPACE",
    categories: &[FILE, PACKAGE],
    source: include_str!("file_same_csharp_namespace.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    file::same(
        "option \"csharp_namespace\"",
        &[8, 37],
        |it| it.options.csharp_namespace().to_owned(),
        old,
        new,
        report,
    );
}
