//! Keeps the enum's name at the front of its values.
//!
//! # Why
//! Values stand in the scope around their enum: without a prefix two enums of a package can never both have a value
//! `OPEN`.
//!
//! # Fix
//! Begin the value with the enum's name in `UPPER_SNAKE_CASE`.

use crate::check::lint::cases::upper_snake;
use crate::check::lint::nodes::EnumValue;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule, STANDARD};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "ENUM_VALUE_PREFIX",
    categories: STANDARD,
    source: include_str!("enum_value_prefix.rs"),
    check: Check::EnumValue(check),
};

fn check(value: &EnumValue<'_>, report: &mut Report<'_>) {
    let (name, parent) = (value.proto.name(), value.parent.map_or("", |parent| parent.name()));
    let prefix = upper_snake(parent) + "_";
    if !name.starts_with(&prefix) {
        let message = format!("Enum value name {name:?} should be prefixed with {prefix:?}.");
        report.at(value.file, &value.name_path(), message);
    }
}
