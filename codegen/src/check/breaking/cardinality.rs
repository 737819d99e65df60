//! How many values a field has.

use super::tree::{Field, is_proto2};
use crate::check::image::descriptor::field_descriptor_proto::{Label, Type};

/// How many values a field has, and whether none differs from the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cardinality {
    Explicit,
    Implicit,
    Required,
    Repeated,
    Map,
}

impl Cardinality {
    /// Reads it off a field.
    pub(super) fn of(field: &Field<'_>) -> Self {
        match field.proto.label() {
            Label::Repeated if field.map => Self::Map,
            Label::Repeated => Self::Repeated,
            Label::Required => Self::Required,
            Label::Optional if has_presence(field) => Self::Explicit,
            Label::Optional => Self::Implicit,
        }
    }

    /// Cardinalities of one group have the same bytes.
    pub(super) fn wire_group(self) -> u8 {
        match self {
            Self::Explicit | Self::Implicit => 1,
            Self::Required => 2,
            Self::Repeated | Self::Map => 3,
        }
    }

    /// Cardinalities of one group have the same bytes and the same JSON.
    pub(super) fn wire_json_group(self) -> u8 {
        if self == Self::Map { 4 } else { self.wire_group() }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Explicit => "optional with explicit presence",
            Self::Implicit => "optional with implicit presence",
            Self::Required => "required",
            Self::Repeated => "repeated",
            Self::Map => "map",
        }
    }
}

/// Says what changed, if a measure of the cardinality did. Keys and values of maps have none of their own.
pub(super) fn changed<T: PartialEq>(
    old: &Field<'_>,
    new: &Field<'_>,
    measure: fn(Cardinality) -> T,
) -> Option<String> {
    let (before, after) = (Cardinality::of(old), Cardinality::of(new));
    if measure(before) == measure(after) || (old.is_in_entry() && new.is_in_entry()) {
        return None;
    }
    let (field, before, after) = (new.describe(), before.word(), after.word());
    Some(format!("{field} changed cardinality from \"{before}\" to \"{after}\"."))
}

fn has_presence(field: &Field<'_>) -> bool {
    is_proto2(field.file)
        || field.is_extension()
        || field.proto.oneof_index.is_some()
        || matches!(field.kind(), Type::Message | Type::Group)
}
