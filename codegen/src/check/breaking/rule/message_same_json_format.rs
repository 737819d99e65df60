//! Keeps the JSON of a message well defined.
//!
//! # Why
//! The JSON of `proto2` is a best effort: names may collide, and then values are lost.
//!
//! # Fix
//! Keep the syntax of the file.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::{Message, is_proto2};
use crate::check::breaking::{Check, FILE, PACKAGE, Rule, WIRE_JSON};

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "MESSAGE_SAME_JSON_FORMAT",
    categories: &[FILE, PACKAGE, WIRE_JSON],
    source: include_str!("message_same_json_format.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    if !is_proto2(old.file) && is_proto2(new.file) {
        let name = new.proto.name();
        let message = format!(
            "Message \"{name}\" JSON format support changed from ALLOW to LEGACY_BEST_EFFORT."
        );
        report.at(&new.spot, message);
    }
}
