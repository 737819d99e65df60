//! Lets the type of a field change only where the bytes mean the same.
//!
//! # Why
//! A reader of the old schema decodes the bytes of the new one as something else. `string` may become `bytes`, not
//! the other way.
//!
//! # Fix
//! Add a field with a number of its own, and fill both until nobody reads the old one.

use crate::check::breaking::kind;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Field;
use crate::check::breaking::{Check, Rule, WIRE};
use crate::check::image::descriptor::field_descriptor_proto::Type;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "FIELD_WIRE_COMPATIBLE_TYPE",
    categories: &[WIRE],
    source: include_str!("field_wire_compatible_type.rs"),
    check: Check::Field(check),
};

/// Why text may become bytes and bytes not text.
const TEXT: &str = "Note that while string and bytes are compatible if the data is valid UTF-8, there is no way to enforce \
     that a bytes field is UTF-8, so these fields may be incompatible.";

fn check(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    if kind::wire_group(old.kind()) == kind::wire_group(new.kind()) {
        kind::renamed_beyond_growth(old, new, report);
        return;
    }
    match (old.kind(), new.kind()) {
        (Type::String, Type::Bytes) => {}
        (Type::Bytes, Type::String) => {
            kind::changed(old, new, &format!("{} {TEXT}", kind::WIRE_PAGE), report);
        }
        _ => kind::changed(old, new, kind::WIRE_PAGE, report),
    }
}
