//! The bytes of `StreamFrames` and `StreamControl`, read and written in place.

use std::ops::Range;

use bytes::Bytes;
use prost::Message;
use prost::encoding::encode_varint;

const FIRST: u64 = 1;
const FRAMES: u64 = 2;
const GRANTED_FRAMES: u64 = 3;
const GRANTED_BYTES: u64 = 4;
const RECEIVED: u64 = 5;
const RESUME_FROM: u64 = 6;
const CANCEL: u64 = 7;
const PARTS: u64 = 8;
const PACKED: u64 = 9;

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const DELIMITED: u64 = 2;
const FIXED32: u64 = 5;

/// Field 2, delimited.
const FRAME_TAG: u8 = 0x12;

/// Most bytes before a piece: its tag, and its length as a number of 32 bits.
const PIECE_BYTES_MAX: usize = 6;

/// What a piece of a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A frame, or the last part of one.
    Whole,
    /// A part that more will follow.
    Part,
    /// A compressed frame, or the last part of one.
    Packed,
}

impl Kind {
    /// The field that holds it.
    fn field(self) -> u64 {
        match self {
            Self::Whole => FRAMES,
            Self::Part => PARTS,
            Self::Packed => PACKED,
        }
    }

    fn of(field: u64) -> Option<Self> {
        match field {
            FRAMES => Some(Self::Whole),
            PARTS => Some(Self::Part),
            PACKED => Some(Self::Packed),
            _ => None,
        }
    }
}

/// A stream message that arrived.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packet {
    Frames(Span),
    Control(Control),
}

/// Which frames a message holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    /// Number of the first frame; of the next one to come when there is none.
    pub(super) first: u64,
    pub(super) count: u64,
    /// Bytes of the frames without their framing.
    pub(super) bytes: u64,
}

/// What a reader tells its producer; see `StreamControl`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Control {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
    pub(crate) received: u64,
    pub(crate) resume_from: Option<u64>,
    pub(crate) cancel: bool,
}

/// Why a message isn't understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed(pub(super) &'static str);

/// Reads a message whole, so that what follows may trust its framing. Unknown fields are passed over.
pub(super) fn parse(payload: &[u8]) -> Result<Packet, Malformed> {
    let mut span = Span { first: 0, count: 0, bytes: 0 };
    let mut control = Control::default();
    let mut is_control = false;
    let mut at = 0;
    while at < payload.len() {
        if let Some(frame) = short_frame(payload, &mut at) {
            span.count += 1;
            span.bytes += frame.len() as u64;
            continue;
        }
        let (field, value) = field(payload, &mut at)?;
        match (field, value) {
            (FIRST, Value::Varint(first)) => span.first = first,
            (FRAMES | PARTS | PACKED, Value::Bytes(frame)) => {
                span.count += 1;
                span.bytes += frame.len() as u64;
            }
            (GRANTED_FRAMES, Value::Varint(frames)) => control.frames = frames,
            (GRANTED_BYTES, Value::Varint(bytes)) => control.bytes = bytes,
            (RECEIVED, Value::Varint(received)) => control.received = received,
            (RESUME_FROM, Value::Varint(from)) => control.resume_from = (from > 0).then_some(from),
            (CANCEL, Value::Varint(cancel)) => control.cancel = cancel != 0,
            (FIRST..=PACKED, _) => return Err(Malformed("a field has the wrong type")),
            _ => {}
        }
        is_control |= (GRANTED_FRAMES..=CANCEL).contains(&field);
    }
    match (span.first, is_control) {
        (0, true) if span.count == 0 => Ok(Packet::Control(control)),
        (0, _) => Err(Malformed("frames have no number")),
        (_, true) => Err(Malformed("frames and control in one message")),
        (first, false) if first.checked_add(span.count).is_none() => {
            Err(Malformed("frames are numbered beyond counting"))
        }
        (_, false) => Ok(Packet::Frames(span)),
    }
}

impl Control {
    /// Writes the message.
    pub(super) fn encode(&self) -> Bytes {
        let Self { frames, bytes, received, resume_from, cancel } = *self;
        let mut out = Vec::with_capacity(32);
        // The grant is always written, even 0: it is what makes these bytes a control message.
        put(GRANTED_FRAMES, frames, &mut out);
        for (field, value) in [
            (GRANTED_BYTES, bytes),
            (RECEIVED, received),
            (RESUME_FROM, resume_from.unwrap_or(0)),
            (CANCEL, u64::from(cancel)),
        ] {
            if value > 0 {
                put(field, value, &mut out);
            }
        }
        out.into()
    }
}

/// Room that a message is given at first. One that needs more is given what a full one needs.
const FEW_BYTES: usize = 512;

/// A `StreamFrames` that is being filled.
#[derive(Debug)]
pub(super) struct Pack {
    out: Vec<u8>,
    /// Bytes of a message that is full.
    full: usize,
    first: u64,
    count: u64,
    bytes: u64,
}

impl Pack {
    /// Prepares for messages of about this many bytes.
    pub(super) fn new(full: usize) -> Self {
        Self { out: Vec::new(), full, first: 0, count: 0, bytes: 0 }
    }

    /// Begins a message whose first frame has this number.
    pub(super) fn begin(&mut self, first: u64) {
        self.out.clear();
        self.out.reserve(FEW_BYTES);
        put(FIRST, first, &mut self.out);
        self.first = first;
        self.count = 0;
        self.bytes = 0;
    }

    /// Adds a frame of a length.
    #[inline]
    pub(super) fn push(&mut self, frame: &impl Message, len: usize) {
        self.begin_piece(FRAME_TAG, len);
        frame.encode_raw(&mut self.out);
    }

    /// Adds a part of a frame.
    pub(super) fn push_part(&mut self, kind: Kind, part: &[u8]) {
        let tag = kind.field() << 3 | DELIMITED;
        // All fields have numbers below 16.
        self.begin_piece(u8::try_from(tag).unwrap_or(FRAME_TAG), part.len());
        self.out.extend_from_slice(part);
    }

    #[inline]
    fn begin_piece(&mut self, tag: u8, len: usize) {
        let more = PIECE_BYTES_MAX + len;
        if self.out.capacity() - self.out.len() < more {
            self.grow(more);
        }
        if let Ok(short @ 0..0x80) = u8::try_from(len) {
            self.out.extend_from_slice(&[tag, short]);
        } else {
            self.out.push(tag);
            encode_varint(len as u64, &mut self.out);
        }
        self.count += 1;
        self.bytes += len as u64;
    }

    /// Makes room for more bytes, and at once for all that are to be expected.
    #[cold]
    fn grow(&mut self, more: usize) {
        let expected = (self.full + FEW_BYTES).saturating_sub(self.out.len());
        self.out.reserve_exact(more.max(expected));
    }

    pub(super) fn span(&self) -> Span {
        Span { first: self.first, count: self.count, bytes: self.bytes }
    }

    /// Length of the message so far.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Takes the message, in memory of exactly its size.
    pub(super) fn take(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.out).into_boxed_slice())
    }
}

/// A message without frames: a heartbeat that says which one comes next.
pub(super) fn heartbeat(next: u64) -> Bytes {
    let mut out = Vec::with_capacity(11);
    put(FIRST, next, &mut out);
    out.into()
}

/// Frames of one message that are still to be read. The message has been parsed before.
#[derive(Debug, Default)]
pub(super) struct Frames {
    payload: Bytes,
    at: usize,
    left: u64,
}

impl Frames {
    /// Reads the frames of a message but for the first few.
    pub(super) fn new(payload: Bytes, skip: u64, count: u64) -> Self {
        let mut frames = Self { payload, at: 0, left: count };
        for _ in 0..skip.min(count) {
            frames.next_range();
        }
        frames
    }

    /// The next frame, if it is short and whole.
    #[inline]
    pub(super) fn next_short(&mut self) -> Option<&[u8]> {
        let left = self.left.checked_sub(1)?;
        let frame = short_frame(&self.payload, &mut self.at)?;
        self.left = left;
        Some(frame)
    }

    /// The next frame, or part of one.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(Kind, &[u8])> {
        let (kind, range) = self.next_range()?;
        Some((kind, self.payload.get(range)?))
    }

    #[inline]
    fn next_range(&mut self) -> Option<(Kind, Range<usize>)> {
        self.left = self.left.checked_sub(1)?;
        match short_frame(&self.payload, &mut self.at) {
            Some(frame) => Some((Kind::Whole, self.at - frame.len()..self.at)),
            None => self.any_range(),
        }
    }

    /// The next one behind fields of all kinds.
    fn any_range(&mut self) -> Option<(Kind, Range<usize>)> {
        loop {
            let start = self.at;
            match field(&self.payload, &mut self.at) {
                Ok((field, Value::Bytes(frame))) if let Some(kind) = Kind::of(field) => {
                    return Some((kind, self.at - frame.len()..self.at));
                }
                Ok(_) if self.at > start => {}
                _ => return None,
            }
        }
    }
}

enum Value<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Other,
}

/// Reads a frame shorter than 128 bytes, which nearly every field is; moves on if there is one.
#[inline]
fn short_frame<'a>(payload: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let [FRAME_TAG, len @ 0..0x80, rest @ ..] = payload.get(*at..)? else { return None };
    let frame = rest.get(..usize::from(*len))?;
    *at += 2 + frame.len();
    Some(frame)
}

fn field<'a>(payload: &'a [u8], at: &mut usize) -> Result<(u64, Value<'a>), Malformed> {
    const CUT: Malformed = Malformed("the message is cut off");
    let tag = varint(payload, at).ok_or(CUT)?;
    let value = match tag & 7 {
        VARINT => Value::Varint(varint(payload, at).ok_or(CUT)?),
        DELIMITED => {
            let len = varint(payload, at).ok_or(CUT)?;
            Value::Bytes(take(payload, at, len).ok_or(CUT)?)
        }
        FIXED64 => take(payload, at, 8).map(|_| Value::Other).ok_or(CUT)?,
        FIXED32 => take(payload, at, 4).map(|_| Value::Other).ok_or(CUT)?,
        _ => return Err(Malformed("a field has an unknown wire type")),
    };
    if tag >> 3 == 0 {
        return Err(Malformed("a field has the number 0"));
    }
    Ok((tag >> 3, value))
}

#[inline]
fn take<'a>(payload: &'a [u8], at: &mut usize, len: u64) -> Option<&'a [u8]> {
    let end = at.checked_add(usize::try_from(len).ok()?)?;
    let bytes = payload.get(*at..end)?;
    *at = end;
    Some(bytes)
}

#[inline]
fn varint(payload: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..70).step_by(7) {
        let byte = *payload.get(*at)?;
        *at += 1;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        value |= bits << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn put(field: u64, value: u64, out: &mut Vec<u8>) {
    encode_varint(field << 3 | VARINT, out);
    encode_varint(value, out);
}
