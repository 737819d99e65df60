//! Keeps numbers of an enum apart.
//!
//! # Why
//! Of two names for one number only one is written as JSON or in a log, and which one is up to the library.
//!
//! # Fix
//! Delete the option and the second name, or give it a number of its own.

use prost_reflect::prost_types::EnumOptions;

use crate::check::lint::nodes::{Enum, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "ENUM_NO_ALLOW_ALIAS",
    categories: BASIC,
    source: include_str!("enum_no_allow_alias.rs"),
    check: Check::Enum(check),
};

fn check(node: &Enum<'_>, report: &mut Report<'_>) {
    if node.proto.options.as_ref().is_some_and(EnumOptions::allow_alias) {
        let message =
            format!("Enum option \"allow_alias\" on enum {:?} must be false.", node.proto.name());
        let path = [&node.path[..], &[tag::ENUM_OPTIONS, tag::ALLOW_ALIAS]].concat();
        report.at(node.file, &path, message);
    }
}
