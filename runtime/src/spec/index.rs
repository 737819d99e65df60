//! By what values of a bucket are found besides their keys, and what a value says there.

use std::collections::BTreeSet;

use bytes::Buf as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::Scalar;

/// By what values of a bucket are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexSpec {
    /// Name, such as `by_owner`.
    pub name: &'static str,
    /// What a value says, all of which is asked for.
    pub fields: &'static [IndexField],
    /// Whether two values can't say the same.
    pub is_unique: bool,
}

/// A field of a value, or of a message inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexField {
    /// Numbers of the fields on the way to it, and its own.
    pub numbers: &'static [u32],
    /// Its type.
    pub scalar: Scalar,
    /// How often it is there.
    pub occurs: Occurs,
}

/// How often a field is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurs {
    /// Always, if the message is: what isn't encoded is 0 or false. An empty text says nothing.
    Always,
    /// Where somebody has set it.
    Optional,
    /// Any number of times. Each of its values is said.
    Repeated,
}

/// What one value says: a text for each field of the index.
pub(crate) type Said = Vec<String>;

impl IndexSpec {
    /// Name of what is said and how: another one where any of it changes, so that nobody takes old entries for new ones.
    /// `breaking` compares the same of unique indexes (`Index::lies_like`).
    pub(crate) fn place(&self) -> String {
        let mut place = self.name.to_owned();
        for IndexField { numbers, scalar, occurs } in self.fields {
            let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
            let scalar = match scalar {
                Scalar::Text => "t",
                Scalar::Bool => "b",
                Scalar::Unsigned | Scalar::Fixed32 | Scalar::Fixed64 => "u",
                Scalar::Signed | Scalar::Zigzag | Scalar::Sfixed32 | Scalar::Sfixed64 => "i",
            };
            let occurs = match occurs {
                Occurs::Always => "",
                Occurs::Optional => "o",
                Occurs::Repeated => "r",
            };
            place.extend(["-", &numbers.join("_"), scalar, occurs]);
        }
        place
    }

    /// Everything that an encoded value says; nothing where a field isn't there, or can't be read.
    pub(crate) fn said(&self, value: &[u8]) -> BTreeSet<Said> {
        let mut said = BTreeSet::from([Said::new()]);
        for field in self.fields {
            let values = field.values(value).unwrap_or_default();
            let with = |said: &Said| {
                let said = said.clone();
                values.iter().map(move |it| [&*said, std::slice::from_ref(it)].concat())
            };
            said = said.iter().flat_map(with).collect();
        }
        said
    }
}

impl IndexField {
    /// What a message says here.
    fn values(&self, message: &[u8]) -> Option<Vec<String>> {
        let mut found = Found { values: Vec::new(), is_reached: false };
        self.collect(message, self.numbers, &mut found)?;
        let Found { mut values, is_reached } = found;
        // Of several values of a field that is no list the last one counts.
        match self.occurs {
            Occurs::Repeated => {}
            Occurs::Optional => {
                values.drain(..values.len().saturating_sub(1));
            }
            Occurs::Always => {
                values.drain(..values.len().saturating_sub(1));
                if values.is_empty() && is_reached && self.scalar != Scalar::Text {
                    values.push(self.text(0));
                }
                values.retain(|value| !value.is_empty());
            }
        }
        Some(values)
    }

    fn collect(&self, mut message: &[u8], numbers: &[u32], found: &mut Found) -> Option<()> {
        let (number, rest) = numbers.split_first()?;
        found.is_reached |= rest.is_empty();
        while message.has_remaining() {
            let (tag, wire) = decode_key(&mut message).ok()?;
            if tag != *number {
                skip_field(wire, tag, &mut message, DecodeContext::default()).ok()?;
            } else if wire == WireType::LengthDelimited {
                let length = usize::try_from(decode_varint(&mut message).ok()?).ok()?;
                let inside;
                (inside, message) = message.split_at_checked(length)?;
                self.inside(inside, rest, found)?;
            } else if rest.is_empty() && wire == self.scalar.wire() {
                found.values.push(self.next(&mut message)?);
            } else {
                skip_field(wire, tag, &mut message, DecodeContext::default()).ok()?;
            }
        }
        Some(())
    }

    /// Reads what has a length: a message on the way, a text, or numbers in a row.
    fn inside(&self, mut bytes: &[u8], rest: &[u32], found: &mut Found) -> Option<()> {
        if !rest.is_empty() {
            return self.collect(bytes, rest, found);
        }
        if self.scalar == Scalar::Text {
            found.values.push(str::from_utf8(bytes).ok()?.to_owned());
            return Some(());
        }
        while bytes.has_remaining() {
            found.values.push(self.next(&mut bytes)?);
        }
        Some(())
    }

    /// Reads a number.
    fn next(&self, bytes: &mut &[u8]) -> Option<String> {
        let value = match self.scalar.wire() {
            WireType::ThirtyTwoBit => bytes.try_get_u32_le().ok()?.into(),
            WireType::SixtyFourBit => bytes.try_get_u64_le().ok()?,
            _ => decode_varint(bytes).ok()?,
        };
        Some(self.text(value))
    }

    fn text(&self, value: u64) -> String {
        let mut text = String::new();
        self.scalar.write(value, &mut text);
        text
    }
}

/// What was found of a field.
struct Found {
    values: Vec<String>,
    /// Whether the message is there that has it.
    is_reached: bool,
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;

    #[derive(Clone, PartialEq, Message)]
    struct Outer {
        #[prost(string, tag = "1")]
        text: String,
        #[prost(string, optional, tag = "2")]
        maybe: Option<String>,
        #[prost(sint32, tag = "3")]
        number: i32,
        #[prost(message, optional, tag = "4")]
        inner: Option<Inner>,
        #[prost(string, repeated, tag = "5")]
        tags: Vec<String>,
        #[prost(sfixed64, repeated, tag = "6")]
        packed: Vec<i64>,
        #[prost(fixed32, repeated, packed = "false", tag = "7")]
        apart: Vec<u32>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct Inner {
        #[prost(bool, tag = "1")]
        yes: bool,
        #[prost(uint64, optional, tag = "2")]
        large: Option<u64>,
    }

    const fn field(numbers: &'static [u32], scalar: Scalar, occurs: Occurs) -> IndexField {
        IndexField { numbers, scalar, occurs }
    }

    const TEXT: IndexField = field(&[1], Scalar::Text, Occurs::Always);
    const MAYBE: IndexField = field(&[2], Scalar::Text, Occurs::Optional);
    const NUMBER: IndexField = field(&[3], Scalar::Zigzag, Occurs::Always);
    const YES: IndexField = field(&[4, 1], Scalar::Bool, Occurs::Always);
    const LARGE: IndexField = field(&[4, 2], Scalar::Unsigned, Occurs::Optional);
    const TAGS: IndexField = field(&[5], Scalar::Text, Occurs::Repeated);
    const PACKED: IndexField = field(&[6], Scalar::Sfixed64, Occurs::Repeated);
    const APART: IndexField = field(&[7], Scalar::Fixed32, Occurs::Repeated);

    fn said(field: IndexField, outer: &Outer) -> Vec<String> {
        field.values(&outer.encode_to_vec()).unwrap()
    }

    #[test]
    fn what_is_there_is_said_as_text() {
        let outer = Outer {
            text: "größer".to_owned(),
            maybe: Some(String::new()),
            number: -7,
            inner: Some(Inner { yes: true, large: Some(u64::MAX) }),
            tags: vec!["a".to_owned(), "b".to_owned(), "a".to_owned()],
            packed: vec![i64::MIN, 0],
            apart: vec![1, 2],
        };
        assert_eq!(said(TEXT, &outer), ["größer"]);
        assert_eq!(said(MAYBE, &outer), [""]);
        assert_eq!(said(NUMBER, &outer), ["-7"]);
        assert_eq!(said(YES, &outer), ["true"]);
        assert_eq!(said(LARGE, &outer), [u64::MAX.to_string()]);
        assert_eq!(said(TAGS, &outer), ["a", "b", "a"]);
        assert_eq!(said(PACKED, &outer), [i64::MIN.to_string(), "0".to_owned()]);
        assert_eq!(said(APART, &outer), ["1", "2"]);
    }

    #[test]
    fn what_is_not_there_is_its_default_or_nothing() {
        let empty = Outer::default();
        assert_eq!(said(NUMBER, &empty), ["0"]);
        for field in [TEXT, MAYBE, YES, LARGE, TAGS, PACKED, APART] {
            assert!(said(field, &empty).is_empty(), "{field:?}");
        }
        let inner = Outer { inner: Some(Inner::default()), ..empty };
        assert_eq!(said(YES, &inner), ["false"]);
        assert!(said(LARGE, &inner).is_empty());
    }

    #[test]
    fn the_last_of_several_counts_across_parts_and_nonsense_says_nothing() {
        let one = Outer { inner: Some(Inner { yes: true, large: Some(1) }), ..Outer::default() };
        let two = Outer { inner: Some(Inner { yes: false, large: Some(2) }), ..Outer::default() };
        let merged = [one.encode_to_vec(), two.encode_to_vec()].concat();
        assert_eq!(LARGE.values(&merged).unwrap(), ["2"]);
        assert_eq!(YES.values(&merged).unwrap(), ["true"]);
        for nonsense in [&[10, 9, b'b'][..], &[10, 1, 0xff], &[0xff]] {
            assert_eq!(TEXT.values(nonsense), None);
        }
    }

    #[test]
    fn each_value_of_a_list_is_said_with_what_else_is_asked_for() {
        const INDEX: IndexSpec =
            IndexSpec { name: "by_tag", fields: &[TAGS, NUMBER, LARGE], is_unique: false };
        assert_eq!(INDEX.place(), "by_tag-5tr-3i-4_2uo");
        let tags = ["a", "b", "a"].map(str::to_owned).to_vec();
        let inner = Some(Inner { yes: false, large: Some(9) });
        let outer = Outer { tags, number: 4, inner, ..Outer::default() };
        let expected = [["a", "4", "9"], ["b", "4", "9"]].map(|it| it.map(str::to_owned).to_vec());
        assert_eq!(INDEX.said(&outer.encode_to_vec()), BTreeSet::from(expected));
        let outer = Outer { inner: None, ..outer };
        assert!(INDEX.said(&outer.encode_to_vec()).is_empty());
    }
}
