//! Keeps every oneof.
//!
//! # Why
//! Generated code has a type or an accessor for the oneof that is gone.
//!
//! # Fix
//! Bring the oneof back with the fields that it had.

use crate::check::breaking::element;
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Message;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "ONEOF_NO_DELETE",
    categories: &[FILE, PACKAGE],
    source: include_str!("oneof_no_delete.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    for (index, oneof) in (0..).zip(&old.proto.oneof_decl) {
        let name = oneof.name();
        let synthetic = old
            .proto
            .field
            .iter()
            .any(|field| field.proto3_optional() && field.oneof_index == Some(index));
        if !synthetic && !new.proto.oneof_decl.iter().any(|it| it.name() == name) {
            let message = new.proto.name();
            report.gone(
                &format!("{}.{name}", element::name(report.new, &new.spot)),
                &new.spot,
                format!(
                    "Previously present oneof \"{name}\" on message \"{message}\" was deleted."
                ),
            );
        }
    }
}
