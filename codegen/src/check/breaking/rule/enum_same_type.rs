//! Keeps an enum open or closed.
//!
//! # Why
//! An open enum keeps numbers that it does not know; a closed one of `proto2` drops them, and with them what a
//! newer peer meant.
//!
//! # Fix
//! Keep the syntax of the file.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::{Enum, is_proto2};
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "ENUM_SAME_TYPE",
    categories: &[FILE, PACKAGE],
    source: include_str!("enum_same_type.rs"),
    check: Check::Enum(check),
};

fn check(old: &Enum<'_>, new: &Enum<'_>, report: &mut Report<'_>) {
    let word = |it: &Enum<'_>| if is_proto2(it.file) { "closed" } else { "open" };
    if word(old) != word(new) {
        let name = new.proto.name();
        let message = format!("Enum \"{name}\" changed from {} to {}.", word(old), word(new));
        report.at(&new.spot(), message);
    }
}
