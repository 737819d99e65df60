//! Ranges of numbers that were taken and are free now.

use super::report::Report;
use super::tree::{Enum, Message, Spot};
use crate::check::image::descriptor::MessageOptions;

/// Largest number of a field.
const FIELD_MAX: i64 = (1 << 29) - 1;
/// Largest number of an extension of a message in the old format of message sets.
const MESSAGE_SET_MAX: i64 = (1 << 31) - 2;
/// Largest number of a value.
const VALUE_MAX: i64 = (1 << 31) - 1;

/// First and last number, both of it.
type Range = (i64, i64);

/// What has ranges.
pub(super) struct Owner<'a> {
    kind: &'static str,
    name: &'a str,
    spot: Spot<'a>,
    max: i64,
}

impl<'a> Owner<'a> {
    /// A message.
    pub(super) fn message(message: &Message<'a>) -> Self {
        let options = message.proto.options.as_ref();
        let set = options.is_some_and(MessageOptions::message_set_wire_format);
        let max = if set { MESSAGE_SET_MAX } else { FIELD_MAX };
        Self { kind: "message", name: message.proto.name(), spot: message.spot.clone(), max }
    }

    /// An enum.
    pub(super) fn enumeration(it: &Enum<'a>) -> Self {
        Self { kind: "enum", name: it.proto.name(), spot: it.spot(), max: VALUE_MAX }
    }

    /// Reports each range that is not wholly there any more.
    pub(super) fn compare(
        &self,
        noun: &str,
        old: &[Range],
        new: &[Range],
        report: &mut Report<'_>,
    ) {
        let Self { kind, name, spot, max } = self;
        let new = collapse(new);
        for range in old {
            let missing = missing(*range, &new);
            if missing.is_empty() {
                continue;
            }
            let missing: Vec<_> = missing.into_iter().map(|it| written(it, *max)).collect();
            let (before, missing) = (written(*range, *max), missing.join(", "));
            report.at(
                spot,
                format!(
                    "Previously present {noun} range \"{before}\" on {kind} \"{name}\" is missing values: \
                     {missing} were removed."
                ),
            );
        }
    }

    /// Reports each reserved name that is gone.
    pub(super) fn compare_names(&self, old: &[String], new: &[String], report: &mut Report<'_>) {
        let Self { kind, name, spot, .. } = self;
        for gone in old.iter().filter(|it| !new.contains(it)) {
            let gone = super::quote::quote(gone);
            report.at(
                spot,
                format!(
                    "Previously present reserved name {gone} on {kind} \"{name}\" was deleted."
                ),
            );
        }
    }
}

/// The reserved numbers of a message.
pub(super) fn reserved_fields(message: &Message<'_>) -> Vec<Range> {
    let ranges = message.proto.reserved_range.iter();
    ranges.map(|it| (i64::from(it.start()), i64::from(it.end()) - 1)).collect()
}

/// The numbers of a message that others may extend it with.
pub(super) fn extensions(message: &Message<'_>) -> Vec<Range> {
    let ranges = message.proto.extension_range.iter();
    ranges.map(|it| (i64::from(it.start()), i64::from(it.end()) - 1)).collect()
}

/// The reserved numbers of an enum.
pub(super) fn reserved_values(it: &Enum<'_>) -> Vec<Range> {
    let ranges = it.proto.reserved_range.iter();
    ranges.map(|it| (i64::from(it.start()), i64::from(it.end()))).collect()
}

/// Tells whether a number is in one of the ranges.
pub(super) fn holds(ranges: &[Range], number: i32) -> bool {
    ranges.iter().any(|(start, end)| (*start..=*end).contains(&i64::from(number)))
}

fn written((start, end): Range, max: i64) -> String {
    if start == end {
        format!("[{start}]")
    } else if end == max {
        format!("[{start},max]")
    } else {
        format!("[{start},{end}]")
    }
}

/// Sorts ranges and joins those that touch.
fn collapse(ranges: &[Range]) -> Vec<Range> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut joined: Vec<Range> = Vec::new();
    for (start, end) in sorted {
        match joined.last_mut() {
            Some(last) if start <= last.1 + 1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

/// What of a range is in none of the others, which are sorted and apart.
fn missing((first, end): Range, ranges: &[Range]) -> Vec<Range> {
    let mut missing = Vec::new();
    let mut start = first;
    for (from, to) in ranges.iter().filter(|(from, to)| *to >= first && *from <= end) {
        if start < *from {
            missing.push((start, from - 1));
        }
        start = to + 1;
    }
    if start <= end {
        missing.push((start, end));
    }
    missing
}
