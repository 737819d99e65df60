//! Keeps names of files in `lower_snake_case`.
//!
//! # Why
//! Imports spell the name, and some file systems take two spellings for one file.
//!
//! # Fix
//! Rename the file with small letters and `_` between words, and its imports with it.

use crate::check::lint::cases::lower_snake;
use crate::check::lint::nodes::File;
use crate::check::lint::report::Report;
use crate::check::lint::{Check, Rule, STANDARD};

pub(in crate::check::lint) const RULE: Rule = Rule {
    id: "FILE_LOWER_SNAKE_CASE",
    categories: STANDARD,
    source: include_str!("file_lower_snake_case.rs"),
    check: Check::File(check),
};

fn check(file: &File<'_>, report: &mut Report<'_>) {
    let path = file.proto.name();
    let base = path.rsplit('/').next().unwrap_or(path);
    let (stem, extension) = base.rfind('.').map_or((base, ""), |dot| base.split_at(dot));
    let expected = lower_snake(stem);
    if stem != expected {
        let message = format!(
            "Filename {base:?} should be lower_snake_case{extension}, such as \"{expected}{extension}\"."
        );
        report.file(file, message);
    }
}
