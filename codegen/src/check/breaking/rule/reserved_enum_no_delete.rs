//! Keeps what an enum reserves.
//!
//! # Why
//! A number or name that is free again can be taken for something else, which old peers read as the old.
//!
//! # Fix
//! Reserve it again; it costs nothing.

use crate::check::breaking::range::{Owner, reserved_values};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Enum;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "RESERVED_ENUM_NO_DELETE",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("reserved_enum_no_delete.rs"),
    check: Check::Enum(check),
};

fn check(old: &Enum<'_>, new: &Enum<'_>, report: &mut Report<'_>) {
    let owner = Owner::enumeration(new);
    owner.compare("reserved", &reserved_values(old), &reserved_values(new), report);
    owner.compare_names(&old.proto.reserved_name, &new.proto.reserved_name, report);
}
