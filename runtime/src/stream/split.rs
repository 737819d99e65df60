//! Long frames on their way: compressed where that pays, and in parts where one message can't hold them.
//!
//! To the protocol each part is a frame: numbered, credited, sent again when it is lost. So a frame of any length
//! takes no more memory on its way than any others, and other streams go on in between.

use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use prost::{DecodeError, Message};

use super::PACK_BYTES;
use super::packet::{Kind, Pack};
use crate::content::{self, LONGEST_MAX, Space};
use crate::status::{Result, Status};

/// Longest part of a frame: some fit into a reader's window, so that they follow each other without a pause.
const PART_BYTES: usize = 64 * 1024;

/// Bytes before a compressed frame, which tell its length.
const LENGTH_BYTES: usize = 8;

/// How a stream's frames are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    /// Length from which a message takes no more frames.
    pub(super) pack: usize,
    /// Length up to which a frame is sent as it is.
    whole: usize,
    /// Longest part of any other.
    part: usize,
    /// Longest frame, in all.
    most: usize,
    /// Whether frames are compressed.
    packs: bool,
}

impl Sizes {
    /// For messages of at most `max_payload`, and readers of this runtime; others get their frames as they are.
    pub(super) fn new(max_payload: usize, most: usize, is_ours: bool, packs: bool) -> Self {
        // Frames at hand and a part are one message, with room to spare.
        let share = max_payload / 4;
        let pack = PACK_BYTES.min(share);
        let whole = if is_ours { pack } else { usize::MAX };
        Self { pack, whole, part: PART_BYTES.min(share).max(1), most, packs }
    }

    /// For a stream that has hardly any beside it: longer messages.
    pub(super) fn alone(self) -> Self {
        Self { pack: 2 * self.pack, ..self }
    }

    /// Whether a frame of this length is sent as it is.
    pub(super) fn is_short(&self, length: usize) -> bool {
        length <= self.whole
    }

    /// Prepares a frame that isn't.
    pub(super) fn split(&self, frame: &impl Message, length: usize) -> Result<Rest> {
        if length > self.most {
            return Err(Status::resource_exhausted(format!(
                "a frame of the stream has {length} bytes, and this process sends at most {}: send less, or raise \
                 BB_MESSAGE_BYTES_MAX on both sides",
                self.most
            )));
        }
        let plain = Bytes::from(frame.encode_to_vec());
        let packed = if self.packs { content::shrink(&plain) } else { None };
        let (bytes, kind) = match packed {
            Some(packed) => {
                let told = (length as u64).to_le_bytes();
                ([&told[..], &packed].concat().into(), Kind::Packed)
            }
            None => (plain, Kind::Whole),
        };
        Ok(Rest { bytes, kind, part: self.part })
    }
}

/// What is left of a frame that is being sent.
#[derive(Debug)]
pub(super) struct Rest {
    bytes: Bytes,
    /// What it is when its last part is there.
    kind: Kind,
    part: usize,
}

impl Rest {
    /// Adds the next part to a message; `true` when it was the last.
    pub(super) fn put(&mut self, pack: &mut Pack) -> bool {
        let part = self.bytes.split_to(self.part.min(self.bytes.len()));
        let is_last = self.bytes.is_empty();
        pack.push_part(if is_last { self.kind } else { Kind::Part }, &part);
        metrics::counter!("bb_parts_sent_total").increment(1);
        is_last
    }
}

/// Puts frames together again.
#[derive(Debug)]
pub(super) struct Assembly {
    parts: Vec<u8>,
    most: usize,
    /// Space for them, and for those of other streams.
    partial: Option<Arc<Space>>,
}

impl Assembly {
    /// Takes frames of at most this length.
    pub(super) fn new(most: usize) -> Self {
        Self { parts: Vec::new(), most, partial: None }
    }

    /// Has others hold less while this one holds something.
    pub(super) fn beside_others(&mut self, partial: Arc<Space>) {
        self.partial = Some(partial);
    }

    /// Takes room for a part.
    fn reserve(&self, bytes: usize) -> Result<()> {
        let Some(partial) = &self.partial else { return Ok(()) };
        partial.take(bytes, self.most).map_err(|held| {
            Status::resource_exhausted(format!(
                "{} bytes of frames that aren't whole yet would be held: an instance holds as much as {LONGEST_MAX} of \
                 the longest",
                held + bytes
            ))
        })
    }

    /// Gives up what there is of a frame.
    fn clear(&mut self) -> Vec<u8> {
        if let Some(partial) = &self.partial {
            partial.give_back(self.parts.len());
        }
        std::mem::take(&mut self.parts)
    }

    /// Takes a frame or a part of one; `None` until it is whole.
    #[inline]
    pub(super) fn take<T: Message + Default>(
        &mut self,
        kind: Kind,
        bytes: &[u8],
    ) -> Option<Result<T>> {
        if kind == Kind::Whole && self.parts.is_empty() {
            return Some(decode(bytes));
        }
        self.add(kind, bytes)
    }

    fn add<T: Message + Default>(&mut self, kind: Kind, bytes: &[u8]) -> Option<Result<T>> {
        let length = self.parts.len() + bytes.len();
        if length > self.most.saturating_add(LENGTH_BYTES) {
            self.clear();
            return Some(Err(Status::resource_exhausted(format!(
                "a frame of the stream has {length} bytes so far, and at most {} are taken: send less, or raise \
                 BB_MESSAGE_BYTES_MAX there",
                self.most
            ))));
        }
        if let Err(status) = self.reserve(bytes.len()) {
            self.clear();
            return Some(Err(status));
        }
        self.parts.extend_from_slice(bytes);
        if kind == Kind::Part {
            return None;
        }
        let whole = self.clear();
        Some(if kind == Kind::Packed { self.open(&whole) } else { decode(&whole) })
    }

    /// Whether a frame has begun that isn't whole.
    pub(super) fn is_within(&self) -> bool {
        !self.parts.is_empty()
    }

    fn open<T: Message + Default>(&self, packed: &[u8]) -> Result<T> {
        let plain = (|| {
            let (mut told, frame) = packed.split_at_checked(LENGTH_BYTES)?;
            let length = usize::try_from(told.get_u64_le()).unwrap_or(usize::MAX);
            Some(content::expand(frame, length, self.most))
        })();
        let plain = plain.ok_or_else(|| Status::data_loss("a frame of the stream is cut off"))?;
        decode(&plain.map_err(|garbled| garbled.lost("a frame of the stream"))?)
    }
}

impl Drop for Assembly {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Reads a frame.
#[inline]
pub(super) fn decode<T: Message + Default>(frame: &[u8]) -> Result<T> {
    T::decode(frame).map_err(|error| malformed(&error))
}

#[cold]
pub(super) fn malformed(error: &DecodeError) -> Status {
    Status::internal(format!("a frame is malformed: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Code;
    use crate::stream::Raw;

    #[test]
    fn streams_hold_no_more_together_of_what_is_not_whole_than_the_longest_frames() {
        const MOST: usize = 100;
        let partial = Arc::new(Space::default());
        let assembly = || {
            let mut assembly = Assembly::new(MOST);
            assembly.beside_others(Arc::clone(&partial));
            assembly
        };
        let part = [0; MOST];
        let mut held: Vec<_> = (0..LONGEST_MAX).map(|_| assembly()).collect();
        for assembly in &mut held {
            assert!(assembly.take::<Raw>(Kind::Part, &part).is_none());
        }
        let mut last = assembly();
        let refused = last.take::<Raw>(Kind::Part, &part).unwrap().unwrap_err();
        assert_eq!(refused.code(), Code::ResourceExhausted);
        assert!(!last.is_within());
        // One that is whole makes room, and so does one that is dropped.
        held[0].take::<Raw>(Kind::Whole, &[]).unwrap().unwrap();
        assert!(last.take::<Raw>(Kind::Part, &part).is_none());
        drop(held);
        drop(last);
        assert_eq!(partial.held(), 0);
    }
}
