//! Keeps names of fields in `lower_snake_case`.
//!
//! # Why
//! Generators and the JSON format make other cases of it, and only from this one they all agree.
//!
//! # Fix
//! Write small letters with `_` between words.

use crate::check::lint::cases::lower_snake;
use crate::check::lint::nodes::Field;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "FIELD_LOWER_SNAKE_CASE",
    categories: BASIC,
    source: include_str!("field_lower_snake_case.rs"),
    check: Check::Field(check),
};

fn check(field: &Field<'_>, report: &mut Report<'_>) {
    let (name, expected) = (field.proto.name(), lower_snake(field.proto.name()));
    if name != expected && !field.is_of_map_entry() {
        let message =
            format!("Field name {name:?} should be lower_snake_case, such as {expected:?}.");
        report.at(field.file, &field.name_path(), message);
    }
}
