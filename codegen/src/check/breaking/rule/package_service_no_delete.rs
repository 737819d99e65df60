//! Keeps every service in its package, whatever the file.
//!
//! # Why
//! Callers of the service get no answer, and their code no longer compiles.
//!
//! # Fix
//! Bring it back. What nobody should use any more can be marked `deprecated` until the next major version of the
//! package.

use crate::check::breaking::deletion::{self, Noun};
use crate::check::breaking::report::Report;
use crate::check::breaking::{Check, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "PACKAGE_SERVICE_NO_DELETE",
    categories: &[PACKAGE],
    source: include_str!("package_service_no_delete.rs"),
    check: Check::Trees(check),
};

fn check(report: &mut Report<'_>) {
    deletion::from_packages(Noun::Service, report);
}
