//! Keeps zero the value that says nothing.
//!
//! # Why
//! Zero is what a reader sees when the sender has set nothing: a meaning there can't be told from an omission. The
//! ending is `_UNSPECIFIED` unless `enum_zero_value_suffix` says otherwise.
//!
//! # Fix
//! Name the zero value with the ending, and give the meaning a number of its own.

use crate::check::lint::nodes::EnumValue;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule, STANDARD};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "ENUM_ZERO_VALUE_SUFFIX",
    categories: STANDARD,
    source: include_str!("enum_zero_value_suffix.rs"),
    check: Check::EnumValue(check),
};

fn check(value: &EnumValue<'_>, report: &mut Report<'_>) {
    let (name, suffix) = (value.proto.name(), &report.config.enum_zero_value_suffix);
    if value.proto.number() == 0 && !name.ends_with(suffix) {
        let message = format!("Enum zero value name {name:?} should be suffixed with {suffix:?}.");
        report.at(value.file, &value.name_path(), message);
    }
}
