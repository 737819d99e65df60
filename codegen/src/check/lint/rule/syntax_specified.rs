//! Keeps the syntax of every file in its first line.
//!
//! # Why
//! Without it a file is proto2, with other defaults and other presence, and hardly anyone means that.
//!
//! # Fix
//! Write `syntax = "proto3";` first.

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;
use crate::check::lint::{BASIC, Check, Rule};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "SYNTAX_SPECIFIED",
    categories: BASIC,
    source: include_str!("syntax_specified.rs"),
    check: Check::File(check),
};

fn check(file: &File<'_>, report: &mut Report<'_>) {
    if file.image.text(file.proto.name()).is_some() && file.span(&[tag::SYNTAX]).is_none() {
        let message = "Files must have a syntax explicitly specified. If no syntax is specified, the file \
                       defaults to \"proto2\".";
        report.file(file, message);
    }
}
