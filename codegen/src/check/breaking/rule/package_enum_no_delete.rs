//! Keeps every enum in its package, whatever the file.
//!
//! # Why
//! Who names the enum no longer compiles. As in `buf`, the last enum of a package may go without a word;
//! `PACKAGE_NO_DELETE` speaks when the package goes too.
//!
//! # Fix
//! Bring it back. What nobody should use any more can be marked `deprecated` until the next major version of the
//! package.

use crate::check::breaking::deletion::{self, Noun};
use crate::check::breaking::report::Report;
use crate::check::breaking::{Check, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "PACKAGE_ENUM_NO_DELETE",
    categories: &[PACKAGE],
    source: include_str!("package_enum_no_delete.rs"),
    check: Check::Trees(check),
};

fn check(report: &mut Report<'_>) {
    deletion::from_packages(Noun::Enum, report);
}
