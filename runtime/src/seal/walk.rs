//! Finds the sealed fields of an encoded message, and writes it anew with something else in their place.

use std::fmt;
use std::ops::Range;

use prost::encoding::encode_varint;

use crate::spec::{Sealed, SealedField};

/// Levels of messages in messages; what prost reads has as many.
const DEPTH_MAX: usize = 100;

pub(super) const VARINT: u8 = 0;
pub(super) const FIXED64: u8 = 1;
pub(super) const DELIMITED: u8 = 2;
pub(super) const GROUP: u8 = 3;
pub(super) const GROUP_END: u8 = 4;
pub(super) const FIXED32: u8 = 5;

/// Why a message isn't sealed or opened. None shows anything of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    Malformed(&'static str),
    NoKeys { field: String },
    Clear { field: String },
    Unknown { field: String, key: String },
    Forged { field: String, key: String },
    TooLong { field: String },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "the bytes are no message: {why}"),
            Self::NoKeys { field } => write!(
                f,
                "`{field}` is sensitive, and this process has no keys: name a file of keys with BB_KEYS"
            ),
            Self::Clear { field } => write!(
                f,
                "`{field}` came in the clear, and is taken sealed only: give the sender keys with BB_KEYS"
            ),
            Self::Unknown { field, key } => {
                write!(
                    f,
                    "`{field}` is sealed with the key `{key}`, which is not in the file that BB_KEYS names here"
                )
            }
            Self::Forged { field, key } => write!(
                f,
                "`{field}` does not open with the key `{key}`: it was changed, or belongs elsewhere"
            ),
            Self::TooLong { field } => write!(f, "`{field}` is too long to be sealed"),
        }
    }
}

/// The fields that lead to one.
pub(super) struct Path {
    message: &'static str,
    fields: Vec<&'static SealedField>,
}

impl Path {
    /// Numbers of the fields, such as `4.1`.
    pub(super) fn numbers(&self) -> String {
        let numbers: Vec<_> = self.fields.iter().map(|field| field.number.to_string()).collect();
        numbers.join(".")
    }

    /// Names of the fields behind that of the message.
    pub(super) fn name(&self) -> String {
        let names = self.fields.iter().map(|field| field.name);
        std::iter::once(self.message).chain(names).collect::<Vec<_>>().join(".")
    }
}

/// One occurrence of a field.
pub(super) struct Occurrence<'a> {
    pub(super) number: u32,
    pub(super) wire: u8,
    /// Its value, without length or end.
    pub(super) payload: &'a [u8],
    /// All of it.
    pub(super) whole: &'a [u8],
}

/// Writes a message anew: `replace` writes what stands for each occurrence of a sealed field. `None` when there is none.
pub(super) fn rewrite(
    sealed: Sealed,
    bytes: &[u8],
    replace: impl FnMut(&Path, &Occurrence<'_>, &mut Vec<u8>) -> Result<(), Failure>,
) -> Result<Option<Vec<u8>>, Failure> {
    let path = Path { message: sealed.name(), fields: Vec::new() };
    Walk { sealed, path, replace }.message(sealed.index, bytes)
}

/// A message without its sealed fields.
#[derive(Debug)]
pub struct Stripped {
    /// What is left of it; `None` where it had none.
    pub rest: Option<Vec<u8>>,
    /// For each field that was left out the numbers of the fields that led to it, its own last.
    pub left_out: Vec<Vec<u32>>,
}

/// Leaves the sealed fields of a message out, for whoever shows what they can't open.
///
/// # Errors
/// Why the bytes are no message.
pub fn strip(sealed: Sealed, bytes: &[u8]) -> Result<Stripped, String> {
    let mut left_out = Vec::new();
    let rest = rewrite(sealed, bytes, |path, _, _| {
        left_out.push(path.fields.iter().map(|field| field.number).collect());
        Ok(())
    });
    let rest = rest.map_err(|failure| failure.to_string())?;
    Ok(Stripped { rest, left_out })
}

struct Walk<F> {
    sealed: Sealed,
    path: Path,
    replace: F,
}

impl<F: FnMut(&Path, &Occurrence<'_>, &mut Vec<u8>) -> Result<(), Failure>> Walk<F> {
    fn message(&mut self, index: usize, bytes: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        if self.path.fields.len() >= DEPTH_MAX {
            return Err(Failure::Malformed("messages lie too deep in messages"));
        }
        let fields = self.sealed.messages.get(index).map_or(&[][..], |message| message.fields);
        let (mut out, mut copied, mut changed) = (Vec::new(), 0, false);
        let mut at = 0;
        while at < bytes.len() {
            let start = at;
            let (number, wire) = tag(bytes, &mut at)?;
            let value = value(bytes, &mut at, number, wire)?;
            let Some(field) = fields.iter().find(|field| field.number == number) else { continue };
            let payload = bytes.get(value).unwrap_or_default();
            self.path.fields.push(field);
            match field.inside {
                None => {
                    out.extend_from_slice(&bytes[copied..start]);
                    let whole = &bytes[start..at];
                    let occurrence = Occurrence { number, wire, payload, whole };
                    (self.replace)(&self.path, &occurrence, &mut out)?;
                    (copied, changed) = (at, true);
                }
                Some(inside) if matches!(wire, DELIMITED | GROUP) => {
                    if let Some(inner) = self.message(inside, payload)? {
                        out.extend_from_slice(&bytes[copied..start]);
                        put(number, wire, &inner, &mut out);
                        (copied, changed) = (at, true);
                    }
                }
                // No message: whoever decodes it says so.
                Some(_) => {}
            }
            self.path.fields.pop();
        }
        if changed {
            out.extend_from_slice(&bytes[copied..]);
        }
        Ok(changed.then_some(out))
    }
}

/// Appends a field.
pub(super) fn put(number: u32, wire: u8, payload: &[u8], out: &mut Vec<u8>) {
    let tag = |wire: u8| u64::from(number) << 3 | u64::from(wire);
    encode_varint(tag(wire), out);
    if wire == DELIMITED {
        encode_varint(payload.len() as u64, out);
    }
    out.extend_from_slice(payload);
    if wire == GROUP {
        encode_varint(tag(GROUP_END), out);
    }
}

const CUT: Failure = Failure::Malformed("it is cut off");
const OPEN: Failure = Failure::Malformed("a group does not end");

fn tag(bytes: &[u8], at: &mut usize) -> Result<(u32, u8), Failure> {
    let tag = varint(bytes, at)?;
    let number = u32::try_from(tag >> 3).ok().filter(|number| (1..1 << 29).contains(number));
    let number = number.ok_or(Failure::Malformed("a field has an impossible number"))?;
    Ok((number, u8::try_from(tag & 7).unwrap_or_default()))
}

/// Passes over a value, and tells where it lies without its length or end.
fn value(bytes: &[u8], at: &mut usize, number: u32, wire: u8) -> Result<Range<usize>, Failure> {
    let start = *at;
    match wire {
        VARINT => drop(varint(bytes, at)?),
        FIXED64 => skip(bytes, at, 8)?,
        FIXED32 => skip(bytes, at, 4)?,
        DELIMITED => {
            let length = varint(bytes, at)?;
            let start = *at;
            skip(bytes, at, length)?;
            return Ok(start..*at);
        }
        GROUP => return group(bytes, at, number),
        _ => return Err(Failure::Malformed("a field has an unknown wire type")),
    }
    Ok(start..*at)
}

/// Passes over a group, and tells where its content lies.
fn group(bytes: &[u8], at: &mut usize, number: u32) -> Result<Range<usize>, Failure> {
    let start = *at;
    let mut open = vec![number];
    loop {
        let end = *at;
        if end >= bytes.len() {
            return Err(OPEN);
        }
        let (number, wire) = tag(bytes, at)?;
        match wire {
            GROUP if open.len() >= DEPTH_MAX => {
                return Err(Failure::Malformed("groups lie too deep in groups"));
            }
            GROUP => open.push(number),
            GROUP_END => {
                if open.pop() != Some(number) {
                    return Err(OPEN);
                }
                if open.is_empty() {
                    return Ok(start..end);
                }
            }
            wire => {
                value(bytes, at, number, wire)?;
            }
        }
    }
}

fn skip(bytes: &[u8], at: &mut usize, length: u64) -> Result<(), Failure> {
    let end = usize::try_from(length).ok().and_then(|length| at.checked_add(length));
    *at = end.filter(|end| *end <= bytes.len()).ok_or(CUT)?;
    Ok(())
}

fn varint(bytes: &[u8], at: &mut usize) -> Result<u64, Failure> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let byte = *bytes.get(*at).ok_or(CUT)?;
        *at += 1;
        if shift == 63 && byte > 1 {
            break;
        }
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Failure::Malformed("a number is too long"))
}
