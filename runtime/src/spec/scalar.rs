//! Values of fields as text, read off encoded messages.

use std::fmt::Write as _;

use prost::encoding::WireType;

/// Type of a field with one value, as it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar {
    /// `string`.
    Text,
    /// `bool`.
    Bool,
    /// `int32`, `int64` or an enum.
    Signed,
    /// `uint32` or `uint64`.
    Unsigned,
    /// `sint32` or `sint64`.
    Zigzag,
    /// `fixed32`.
    Fixed32,
    /// `fixed64`.
    Fixed64,
    /// `sfixed32`.
    Sfixed32,
    /// `sfixed64`.
    Sfixed64,
}

impl Scalar {
    /// How a single value is encoded.
    pub(crate) fn wire(self) -> WireType {
        match self {
            Self::Text => WireType::LengthDelimited,
            Self::Bool | Self::Signed | Self::Unsigned | Self::Zigzag => WireType::Varint,
            Self::Fixed32 | Self::Sfixed32 => WireType::ThirtyTwoBit,
            Self::Fixed64 | Self::Sfixed64 => WireType::SixtyFourBit,
        }
    }

    /// Appends a value that is no text, from what was read of its bytes.
    pub(crate) fn write(self, value: u64, out: &mut String) {
        let low = u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default();
        // Writing to a string can't fail.
        let _ = match self {
            Self::Bool => write!(out, "{}", value != 0),
            Self::Text | Self::Unsigned | Self::Fixed32 | Self::Fixed64 => write!(out, "{value}"),
            Self::Signed | Self::Sfixed64 => write!(out, "{}", value.cast_signed()),
            Self::Sfixed32 => write!(out, "{}", low.cast_signed()),
            Self::Zigzag => {
                write!(out, "{}", (value >> 1).cast_signed() ^ -(value & 1).cast_signed())
            }
        };
    }
}
