//! Types of fields, and which of them can stand in for which.

use super::report::Report;
use super::tree::{Enum, Field};
use crate::check::image::descriptor::field_descriptor_proto::Type;

/// Where bytes are compatible.
pub(super) const WIRE_PAGE: &str = "See https://developers.google.com/protocol-buffers/docs/proto3#updating for wire \
     compatibility rules.";
/// Where bytes and JSON are compatible.
pub(super) const WIRE_JSON_PAGE: &str = "See https://developers.google.com/protocol-buffers/docs/proto3#updating for wire \
     compatibility rules and https://developers.google.com/protocol-buffers/docs/proto3#json for JSON compatibility rules.";

/// Types of one group have the same bytes.
pub(super) fn wire_group(kind: Type) -> u8 {
    match kind {
        Type::Int32 | Type::Int64 | Type::Uint32 | Type::Uint64 | Type::Bool => 1,
        Type::Sint32 | Type::Sint64 => 2,
        Type::String => 3,
        Type::Bytes => 4,
        Type::Fixed32 | Type::Sfixed32 => 5,
        Type::Fixed64 | Type::Sfixed64 => 6,
        Type::Double => 7,
        Type::Float => 8,
        Type::Group => 9,
        Type::Message => 10,
        Type::Enum => 11,
    }
}

/// Types of one group have the same bytes and the same JSON.
pub(super) fn wire_json_group(kind: Type) -> u8 {
    match kind {
        Type::Int32 | Type::Uint32 => 1,
        Type::Int64 | Type::Uint64 => 2,
        Type::Fixed32 | Type::Sfixed32 => 3,
        Type::Fixed64 | Type::Sfixed64 => 4,
        Type::Bool => 5,
        Type::Sint32 => 6,
        Type::Sint64 => 7,
        Type::String => 8,
        Type::Bytes => 9,
        Type::Double => 10,
        Type::Float => 11,
        Type::Group => 12,
        Type::Message => 13,
        Type::Enum => 14,
    }
}

/// Reports another type, with a word about it.
pub(super) fn changed(old: &Field<'_>, new: &Field<'_>, more: &str, report: &mut Report<'_>) {
    let (before, after) = (word(old.kind()), word(new.kind()));
    let space = if more.is_empty() { "" } else { " " };
    let field = new.describe();
    let message = format!("{field} changed type from \"{before}\" to \"{after}\".{space}{more}");
    report.at(&new.type_spot(), message);
}

/// Reports another message or enum.
pub(super) fn renamed(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    let (field, before, after) = (new.describe(), old.type_name(), new.type_name());
    report.at(&new.type_spot(), format!("{field} changed type from \"{before}\" to \"{after}\"."));
}

/// Reports another message, and another enum unless it is the old one with more values in another place.
pub(super) fn renamed_beyond_growth(old: &Field<'_>, new: &Field<'_>, report: &mut Report<'_>) {
    if old.type_name() == new.type_name() || !is_named(new.kind()) {
        return;
    }
    let before = report.old.enumeration(old.type_name());
    let after = report.new.enumeration(new.type_name());
    let grown = before.zip(after).is_some_and(|(before, after)| {
        before.proto.name() == after.proto.name() && has_values_of(&after, &before)
    });
    if new.kind() != Type::Enum || !grown {
        renamed(old, new, report);
    }
}

/// Tells whether a type has a name of its own.
pub(super) fn is_named(kind: Type) -> bool {
    matches!(kind, Type::Enum | Type::Group | Type::Message)
}

fn has_values_of(superset: &Enum<'_>, subset: &Enum<'_>) -> bool {
    let values = &superset.proto.value;
    subset.proto.value.iter().all(|value| {
        values.iter().any(|it| it.name() == value.name() && it.number() == value.number())
    })
}

/// A type as a schema writes it.
fn word(kind: Type) -> &'static str {
    match kind {
        Type::Double => "double",
        Type::Float => "float",
        Type::Int64 => "int64",
        Type::Uint64 => "uint64",
        Type::Int32 => "int32",
        Type::Fixed64 => "fixed64",
        Type::Fixed32 => "fixed32",
        Type::Bool => "bool",
        Type::String => "string",
        Type::Group => "group",
        Type::Message => "message",
        Type::Bytes => "bytes",
        Type::Uint32 => "uint32",
        Type::Enum => "enum",
        Type::Sfixed32 => "sfixed32",
        Type::Sfixed64 => "sfixed64",
        Type::Sint32 => "sint32",
        Type::Sint64 => "sint64",
    }
}
