//! Keeps the set of required fields.
//!
//! # Why
//! A reader refuses a message without a required field: both sides have to agree on which these are.
//!
//! # Fix
//! Make new fields optional, and leave required ones as they are.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::{Field, Message};
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "MESSAGE_SAME_REQUIRED_FIELDS",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("message_same_required_fields.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    let required =
        |it: &Message<'_>, number: &i32| it.fields.get(number).is_some_and(Field::is_required);
    for (number, field) in old.fields.iter().filter(|(_, field)| field.is_required()) {
        if !required(new, number) {
            report.gone(&field.full_name, &new.spot, text(old, *number, "deleted"));
        }
    }
    for (number, field) in new.fields.iter().filter(|(_, field)| field.is_required()) {
        if !required(old, number) {
            report.at(&field.spot(), text(new, *number, "added"));
        }
    }
}

fn text(message: &Message<'_>, number: i32, verb: &str) -> String {
    let name = message.proto.name();
    format!(
        "Message \"{name}\" had required field \"{number}\" {verb}. Required fields must always be sent, so if one \
         side does not know about the required field, this will result in a breakage."
    )
}
