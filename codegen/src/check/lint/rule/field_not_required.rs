//! Keeps fields from being required.
//!
//! # Why
//! A required field can never be removed: every old reader refuses the message without it.
//!
//! # Fix
//! Write `optional`, and check for presence in the service.

use prost_reflect::prost_types::field_descriptor_proto::Label;

use crate::check::lint::nodes::Field;
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "FIELD_NOT_REQUIRED",
    categories: BASIC,
    source: include_str!("field_not_required.rs"),
    check: Check::Field(check),
};

fn check(field: &Field<'_>, report: &mut Report<'_>) {
    if field.proto.label.is_some() && field.proto.label() == Label::Required {
        let message = format!("Field named {:?} should not be required.", field.proto.name());
        report.at(field.file, &field.name_path(), message);
    }
}
