//! Keeps what a message reserves.
//!
//! # Why
//! A number or name that is free again can be taken for something else, which old peers read as the old.
//!
//! # Fix
//! Reserve it again; it costs nothing.

use crate::check::breaking::range::{Owner, reserved_fields};
use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Message;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "RESERVED_MESSAGE_NO_DELETE",
    categories: &[FILE, PACKAGE, WIRE_JSON, WIRE],
    source: include_str!("reserved_message_no_delete.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    let owner = Owner::message(new);
    owner.compare("reserved", &reserved_fields(old), &reserved_fields(new), report);
    owner.compare_names(&old.proto.reserved_name, &new.proto.reserved_name, report);
}
