//! Keeps the names of a number.
//!
//! # Why
//! JSON and text carry the name of an enum value: a peer of the old schema does not know the new one.
//!
//! # Fix
//! Give the number its old name back. A further name needs `allow_alias`.

use crate::check::breaking::quote::list;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Enum;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "ENUM_VALUE_SAME_NAME",
    categories: &[FILE, PACKAGE, WIRE_JSON],
    source: include_str!("enum_value_same_name.rs"),
    check: Check::Enum(check),
};

fn check(old: &Enum<'_>, new: &Enum<'_>, report: &mut Report<'_>) {
    let before = old.numbers();
    for (number, names) in new.numbers() {
        let Some(old_names) = before.get(&number) else { continue };
        if old_names.keys().all(|name| names.contains_key(name)) {
            continue;
        }
        let several = if old_names.len() > 1 && names.len() > 1 { "s" } else { "" };
        let (from, to) = (list(old_names.keys().copied()), list(names.keys().copied()));
        let name = new.proto.name();
        for index in names.values() {
            report.at(
                &new.value_spot(*index),
                format!(
                    "Enum value \"{number}\" on enum \"{name}\" changed name{several} from {from} to {to}."
                ),
            );
        }
    }
}
