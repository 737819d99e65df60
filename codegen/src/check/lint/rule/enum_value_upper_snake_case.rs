//! Keeps values of enums in `UPPER_SNAKE_CASE`.
//!
//! # Why
//! JSON carries these names as they are written, and generators expect constants.
//!
//! # Fix
//! Write the value in large letters with `_` between words.

use crate::check::lint::cases::upper_snake;
use crate::check::lint::nodes::EnumValue;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "ENUM_VALUE_UPPER_SNAKE_CASE",
    categories: BASIC,
    source: include_str!("enum_value_upper_snake_case.rs"),
    check: Check::EnumValue(check),
};

fn check(value: &EnumValue<'_>, report: &mut Report<'_>) {
    let (name, expected) = (value.proto.name(), upper_snake(value.proto.name()));
    if name != expected {
        let message =
            format!("Enum value name {name:?} should be UPPER_SNAKE_CASE, such as {expected:?}.");
        report.at(value.file, &value.name_path(), message);
    }
}
