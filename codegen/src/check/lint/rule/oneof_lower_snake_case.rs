//! Keeps names of oneofs in `lower_snake_case`.
//!
//! # Why
//! Generators and the JSON format make other cases of it, and only from this one they all agree.
//!
//! # Fix
//! Write small letters with `_` between words.

use crate::check::lint::cases::lower_snake;
use crate::check::lint::nodes::Oneof;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "ONEOF_LOWER_SNAKE_CASE",
    categories: BASIC,
    source: include_str!("oneof_lower_snake_case.rs"),
    check: Check::Oneof(check),
};

fn check(oneof: &Oneof<'_>, report: &mut Report<'_>) {
    let (name, expected) = (oneof.proto.name(), lower_snake(oneof.proto.name()));
    if name != expected && !oneof.is_synthetic() {
        let message =
            format!("Oneof name {name:?} should be lower_snake_case, such as {expected:?}.");
        report.at(oneof.file, &oneof.name_path(), message);
    }
}
