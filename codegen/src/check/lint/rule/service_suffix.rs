//! Keeps the names of services alike.
//!
//! # Why
//! A service and a message of one package share a scope; the ending keeps them apart and tells readers what they
//! look at. It is `Service` unless `service_suffix` says otherwise.
//!
//! # Fix
//! Add the ending to the name.

use crate::check::lint::nodes::Service;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule, STANDARD};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "SERVICE_SUFFIX",
    categories: STANDARD,
    source: include_str!("service_suffix.rs"),
    check: Check::Service(check),
};

fn check(service: &Service<'_>, report: &mut Report<'_>) {
    let (name, suffix) = (service.proto.name(), &report.config.service_suffix);
    if !name.ends_with(suffix) {
        let message = format!("Service name {name:?} should be suffixed with {suffix:?}.");
        report.at(service.file, &service.name_path(), message);
    }
}
