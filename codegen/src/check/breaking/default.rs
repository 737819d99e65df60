//! Defaults of fields, compared by what they mean.

use std::fmt::Write as _;

use super::cardinality::Cardinality;
use super::quote;
use super::tree::{Field, Tree};
use crate::check::image::descriptor::field_descriptor_proto::Type;

/// What an absent field reads as.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Default {
    Text(Vec<u8>, String),
    Integer(i128, String),
    Float(f32),
    Double(f64),
}

impl Default {
    /// Reads it off a field; `None` where there can't be one.
    pub(super) fn of(field: &Field<'_>, tree: &Tree<'_>) -> Option<Self> {
        let many = matches!(Cardinality::of(field), Cardinality::Repeated | Cardinality::Map);
        if many {
            return None;
        }
        let written = field.proto.default_value.as_deref();
        Some(match field.kind() {
            Type::Message | Type::Group => return None,
            Type::String => {
                let text = written.unwrap_or_default();
                Self::Text(text.as_bytes().to_vec(), quote::quote(text))
            }
            Type::Bytes => {
                let bytes = unescape(written.unwrap_or_default());
                let list: Vec<_> = bytes.iter().map(|byte| format!("0x{byte:X}")).collect();
                Self::Text(bytes, format!("[{}]", list.join(",")))
            }
            Type::Bool => {
                let value = written == Some("true");
                Self::Integer(i128::from(value), value.to_string())
            }
            Type::Enum => {
                let it = tree.enumeration(field.type_name())?;
                let named = it.proto.value.iter().find(|value| Some(value.name()) == written);
                let value = named.or(it.proto.value.first())?;
                // Of several names for one number, the first is shown.
                let shown = it.proto.value.iter().find(|other| other.number() == value.number())?;
                let text = format!("{}.{}", it.proto.name(), shown.name());
                Self::Integer(i128::from(value.number()), text)
            }
            Type::Float => Self::Float(written.map_or(0.0, |it| it.parse().unwrap_or(0.0))),
            Type::Double => Self::Double(written.map_or(0.0, |it| it.parse().unwrap_or(0.0))),
            Type::Int32
            | Type::Int64
            | Type::Uint32
            | Type::Uint64
            | Type::Sint32
            | Type::Sint64
            | Type::Fixed32
            | Type::Fixed64
            | Type::Sfixed32
            | Type::Sfixed64 => {
                let value: i128 = written.map_or(0, |it| it.parse().unwrap_or(0));
                Self::Integer(value, value.to_string())
            }
        })
    }

    /// Tells whether it is what a field without default reads as.
    pub(super) fn is_zero(&self) -> bool {
        match self {
            Self::Text(bytes, _) => bytes.is_empty(),
            Self::Integer(value, _) => *value == 0,
            Self::Float(value) => value.to_bits() == 0,
            Self::Double(value) => value.to_bits() == 0,
        }
    }

    /// Tells whether two mean the same, whatever their types are.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a, _), Self::Text(b, _)) => a == b,
            (Self::Integer(a, _), Self::Integer(b, _)) => a == b,
            (Self::Float(a), Self::Float(b)) => same(f64::from(*a), f64::from(*b)),
            (Self::Double(a), Self::Double(b)) => same(*a, *b),
            (Self::Float(a), Self::Double(b)) | (Self::Double(b), Self::Float(a)) => {
                same(f64::from(*a), narrowed(*b))
            }
            (Self::Integer(a, _), Self::Float(b)) | (Self::Float(b), Self::Integer(a, _)) => {
                exact(*a, f64::from(*b))
            }
            (Self::Integer(a, _), Self::Double(b)) | (Self::Double(b), Self::Integer(a, _)) => {
                exact(*a, *b)
            }
            (Self::Text(..), _) | (_, Self::Text(..)) => false,
        }
    }

    /// The default as `buf` writes it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(_, shown) | Self::Integer(_, shown) => shown.clone(),
            Self::Float(value) => {
                let mut digits = String::new();
                let _ = write!(digits, "{value:e}");
                quote::float(&digits, f64::from(*value))
            }
            Self::Double(value) => quote::float(&format!("{value:e}"), *value),
        }
    }
}

#[expect(clippy::float_cmp, reason = "a default is a text: the same text is the same number")]
fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the narrower type is what both have in common"
)]
fn narrowed(value: f64) -> f64 {
    f64::from(value as f32)
}

#[expect(clippy::cast_possible_truncation, reason = "the range is looked at first")]
fn exact(integer: i128, float: f64) -> bool {
    float.fract() == 0.0 && float.abs() < 1e30 && float as i128 == integer
}

/// Bytes of a default, which descriptors write with the escapes of C.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes().peekable();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        let Some(escape) = rest.next() else { break };
        bytes.push(match escape {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'x' | b'X' => {
                let mut value = 0;
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                for _ in 0..2 {
                    let Some(digit) = rest.peek().and_then(digit) else { break };
                    value = value * 16 + digit;
                    rest.next();
                }
                u8::try_from(value).unwrap_or(0)
            }
            b'0'..=b'7' => {
                let mut value = u32::from(escape - b'0');
                for _ in 0..2 {
                    let Some(digit) = rest.peek().and_then(|it| char::from(*it).to_digit(8)) else {
                        break;
                    };
                    value = value * 8 + digit;
                    rest.next();
                }
                u8::try_from(value & 0xff).unwrap_or(0)
            }
            other => other,
        });
    }
    bytes
}
