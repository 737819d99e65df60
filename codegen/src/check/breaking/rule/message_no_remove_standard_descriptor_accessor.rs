//! Keeps the `descriptor()` accessor of a message.
//!
//! # Why
//! Code of C++ and Java that asks a message for its descriptor no longer compiles.
//!
//! # Fix
//! Take `no_standard_descriptor_accessor` out again.

use crate::check::breaking::report::Report;
use crate::check::breaking::tree::Message;
use crate::check::breaking::{Check, FILE, PACKAGE, Rule};
use crate::check::image::descriptor::MessageOptions;

pub(in crate::check::breaking) const RULE: Rule = Rule {
    id: "MESSAGE_NO_REMOVE_STANDARD_DESCRIPTOR_ACCESSOR",
    categories: &[FILE, PACKAGE],
    source: include_str!("message_no_remove_standard_descriptor_accessor.rs"),
    check: Check::Message(check),
};

fn check(old: &Message<'_>, new: &Message<'_>, report: &mut Report<'_>) {
    let removed = |it: &Message<'_>| {
        it.proto.options.as_ref().is_some_and(MessageOptions::no_standard_descriptor_accessor)
    };
    if removed(new) && !removed(old) {
        report.at(
            &new.option(2),
            "Message option \"no_standard_descriptor_accessor\" changed from \"false\" to \"true\".",
        );
    }
}
