//! What a file says once.

use super::quote::quote;
use super::report::Report;
use super::tree::File;

/// Reports a value that has changed, at its place or, if it is no longer written, in the file.
pub(super) fn same(
    name: &str,
    path: &[i32],
    value: fn(&File<'_>) -> String,
    old: &File<'_>,
    new: &File<'_>,
    report: &mut Report<'_>,
) {
    let (before, after) = (value(old), value(new));
    if before != after {
        let (before, after) = (quote(&before), quote(&after));
        report.at(&new.spot(path), format!("File {name} changed from {before} to {after}."));
    }
}
