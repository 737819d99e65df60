//! Keeps names of services in `PascalCase`.
//!
//! # Why
//! Generators turn names into the case of their language; from another case they make names that nobody expects, or
//! two that clash.
//!
//! # Fix
//! Write each word with a large first letter and without `_` between them.

use crate::check::lint::cases::pascal;
use crate::check::lint::nodes::Service;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "SERVICE_PASCAL_CASE",
    categories: BASIC,
    source: include_str!("service_pascal_case.rs"),
    check: Check::Service(check),
};

fn check(service: &Service<'_>, report: &mut Report<'_>) {
    let (name, expected) = (service.proto.name(), pascal(service.proto.name()));
    if name != expected {
        let message = format!("Service name {name:?} should be PascalCase, such as {expected:?}.");
        report.at(service.file, &service.name_path(), message);
    }
}
