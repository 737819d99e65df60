//! What an answer is kept under, and what it is about.

use bytes::{Buf as _, Bytes};
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use crate::layer::Request;
use crate::spec::{Invalidation, KeyPart, Scalar};
use crate::subject::{Subject, escape_into};

/// What an answer is kept under: the whole request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Address of the method's static.
    method: usize,
    subject: Subject,
    pub(super) body: Bytes,
}

impl Key {
    pub(super) fn of(request: &Request) -> Self {
        let (subject, body) = (request.subject().clone(), request.body.clone());
        Self { method: request.method().address(), subject, body }
    }

    /// Bytes that it takes.
    pub(super) fn len(&self) -> usize {
        self.subject.as_str().len() + self.body.len()
    }

    /// Names it among all requests of the method, in 32 hex digits.
    pub(super) fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.subject.as_str().as_bytes()).update(&[0]).update(&self.body);
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// What the answer to a request is about; `None` when the request is malformed.
pub(super) fn about_request(parts: &[KeyPart], body: &[u8]) -> Option<String> {
    let mut about = String::new();
    for part in parts {
        match part {
            KeyPart::Literal(text) => about.push_str(text),
            KeyPart::Field { number, scalar } => push(body, *number, *scalar, &mut about)?,
        }
    }
    Some(about)
}

/// What the answers are about that an event ends; `None` when it is another event.
pub(super) fn about_event(
    parts: &[KeyPart],
    event: &Invalidation,
    subject: &str,
) -> Option<String> {
    let tokens: Vec<_> = subject.split('.').collect();
    let mut places = event.tokens.iter();
    let mut about = String::new();
    for part in parts {
        about.push_str(match part {
            KeyPart::Literal(text) => text,
            KeyPart::Field { .. } => tokens.get(*places.next()?)?,
        });
    }
    Some(about)
}

/// Appends the value of a field as a token of a subject; one that isn't there has its default.
fn push(mut body: &[u8], number: u32, scalar: Scalar, out: &mut String) -> Option<()> {
    let wanted = scalar.wire();
    let (mut value, mut text): (u64, &[u8]) = (0, &[]);
    while body.has_remaining() {
        let (tag, wire) = decode_key(&mut body).ok()?;
        // Of several values the last one counts.
        match wire {
            _ if tag != number || wire != wanted => {
                skip_field(wire, tag, &mut body, DecodeContext::default()).ok()?;
            }
            WireType::LengthDelimited => {
                let length = usize::try_from(decode_varint(&mut body).ok()?).ok()?;
                (text, body) = body.split_at_checked(length)?;
            }
            WireType::ThirtyTwoBit => value = body.try_get_u32_le().ok()?.into(),
            WireType::SixtyFourBit => value = body.try_get_u64_le().ok()?,
            _ => value = decode_varint(&mut body).ok()?,
        }
    }
    match scalar {
        Scalar::Text => escape_into(str::from_utf8(text).ok()?, out),
        _ => scalar.write(value, out),
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::subject::SubjectBuilder;

    #[derive(Clone, PartialEq, Message)]
    struct All {
        #[prost(string, tag = "1")]
        text: String,
        #[prost(bool, tag = "2")]
        yes: bool,
        #[prost(int32, tag = "3")]
        int: i32,
        #[prost(uint64, tag = "4")]
        unsigned: u64,
        #[prost(sint64, tag = "5")]
        zigzag: i64,
        #[prost(fixed32, tag = "6")]
        fixed: u32,
        #[prost(fixed64, tag = "7")]
        fixed_long: u64,
        #[prost(sfixed32, tag = "8")]
        signed: i32,
        #[prost(sfixed64, tag = "9")]
        signed_long: i64,
        #[prost(bytes = "bytes", tag = "10")]
        other: Bytes,
    }

    const PARTS: &[KeyPart] = &[
        KeyPart::Literal("all:"),
        KeyPart::Field { number: 1, scalar: Scalar::Text },
        KeyPart::Literal(":"),
        KeyPart::Field { number: 2, scalar: Scalar::Bool },
        KeyPart::Literal(":"),
        KeyPart::Field { number: 3, scalar: Scalar::Signed },
        KeyPart::Literal(":"),
        KeyPart::Field { number: 4, scalar: Scalar::Unsigned },
        KeyPart::Literal(":"),
        KeyPart::Field { number: 5, scalar: Scalar::Zigzag },
        KeyPart::Literal(":"),
        KeyPart::Field { number: 6, scalar: Scalar::Fixed32 },
        KeyPart::Literal(":"),
        KeyPart::Field { number: 7, scalar: Scalar::Fixed64 },
        KeyPart::Literal(":"),
        KeyPart::Field { number: 8, scalar: Scalar::Sfixed32 },
        KeyPart::Literal(":"),
        KeyPart::Field { number: 9, scalar: Scalar::Sfixed64 },
    ];

    const EVENT: Invalidation = Invalidation {
        filter: "evt.all.*.*.*.*.*.*.*.*.*",
        stream: "ALL",
        tokens: &[2, 3, 4, 5, 6, 7, 8, 9, 10],
    };

    fn check(all: &All) {
        let event = SubjectBuilder::new("evt.all").token(&all.text).boolean(all.yes);
        let event = event.integer(all.int).integer(all.unsigned).integer(all.zigzag);
        let event = event.integer(all.fixed).integer(all.fixed_long).integer(all.signed);
        let event = event.integer(all.signed_long).build();
        let asked = about_request(PARTS, &all.encode_to_vec());
        assert!(asked.is_some());
        assert_eq!(asked, about_event(PARTS, &EVENT, event.as_str()), "{all:?}");
    }

    #[test]
    fn a_request_and_an_event_of_the_same_fields_are_about_the_same() {
        check(&All::default());
        let other = Bytes::from_static(b"\x0a\x01x");
        check(&All {
            text: "größer.als *".to_owned(),
            yes: true,
            int: i32::MIN,
            unsigned: u64::MAX,
            zigzag: i64::MIN,
            fixed: u32::MAX,
            fixed_long: u64::MAX,
            signed: i32::MIN,
            signed_long: i64::MIN,
            other: other.clone(),
        });
        check(&All { text: "t".repeat(1000), zigzag: -7, int: 7, other, ..All::default() });
    }

    #[test]
    fn the_last_of_several_values_counts_and_nonsense_is_about_nothing() {
        let parts = &PARTS[1..2];
        let twice =
            [All { text: "a".to_owned(), ..All::default() }.encode_to_vec(), vec![10, 1, b'b']];
        assert_eq!(about_request(parts, &twice.concat()).as_deref(), Some("b"));
        assert_eq!(about_request(parts, &[10, 9, b'b']), None);
        assert_eq!(about_request(parts, &[10, 1, 0xff]), None);
        assert_eq!(about_event(parts, &EVENT, "evt.all"), None);
    }
}
