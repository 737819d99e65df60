//! Keeps every extension in its file.
//!
//! # Why
//! Generated code of most languages follows the file: who imports the extension from there no longer compiles, and
//! who calls or reads it has no counterpart.
//!
//! # Fix
//! Bring it back, in the same file. What nobody should use any more can be marked `deprecated` until the next major
//! version of the package.

use crate::check::breaking::deletion::{self, Noun};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::File;
use crate::check::breaking::{Check, FILE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "EXTENSION_NO_DELETE",
    categories: &[FILE],
    source: include_str!("extension_no_delete.rs"),
    check: Check::File(check),
};

fn check(old: &File<'_>, new: &File<'_>, report: &mut Report<'_>) {
    deletion::from_file(Noun::Extension, old, new, report);
}
