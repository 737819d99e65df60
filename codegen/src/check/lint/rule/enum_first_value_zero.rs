//! Keeps zero the first value of an enum.
//!
//! # Why
//! A reader that meets no value takes the first one; a reader of another syntax takes zero. Only if both are one do
//! all agree on what is absent.
//!
//! # Fix
//! Put the value that is 0 first.

use crate::check::lint::nodes::{Enum, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "ENUM_FIRST_VALUE_ZERO",
    categories: BASIC,
    source: include_str!("enum_first_value_zero.rs"),
    check: Check::Enum(check),
};

fn check(node: &Enum<'_>, report: &mut Report<'_>) {
    let Some(first) = node.proto.value.first().filter(|first| first.number() != 0) else { return };
    let message = format!("First enum value {:?} should have a numeric value of 0", first.name());
    report.at(node.file, &[&node.path[..], &[2, 0, tag::NUMBER]].concat(), message);
}
