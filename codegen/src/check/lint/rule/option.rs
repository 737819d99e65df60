//! What the rules of file options have in common.

use std::collections::BTreeSet;

use prost_reflect::prost_types::FileOptions;

use crate::check::lint::nodes::{File, tag};
use crate::check::lint::report::Report;

/// Judges whether all files of a package have the same value of an option, given by its name and number.
pub(super) fn judge(
    package: &str,
    files: &[&File<'_>],
    (name, number): (&str, i32),
    value: fn(&FileOptions) -> Option<String>,
    report: &mut Report<'_>,
) {
    let value = |file: &&File<'_>| file.proto.options.as_ref().and_then(value).unwrap_or_default();
    let mut values: BTreeSet<_> = files.iter().map(value).collect();
    if values.len() < 2 {
        return;
    }
    let some_have_none = values.remove("");
    let values = values.into_iter().collect::<Vec<_>>().join(",");
    let what = if some_have_none {
        format!("both values {values:?} and no value for option {name:?}")
    } else {
        format!("multiple values {values:?} for option {name:?}")
    };
    for file in files {
        let message =
            format!("Files in package {package:?} have {what} and all values must be equal.");
        report.at(file, &[tag::FILE_OPTIONS, number], message);
    }
}
