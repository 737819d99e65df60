//! The producing side without clock or transport.

use std::collections::VecDeque;

use bytes::Bytes;

use super::packet::{Control, Span};
use super::{BEAT_TICKS, CREDIT_MAX, GONE_TICKS, ORPHAN_TICKS, WINDOW_BYTES};
use crate::status::Status;

/// Numbers frames, keeps them until they have arrived, and knows what may be sent.
#[derive(Debug)]
pub(super) struct Producer {
    /// Number of the next frame.
    next: u64,
    sent_bytes: u64,
    granted_frames: u64,
    granted_bytes: u64,
    /// Number of the last frame that the reader has.
    received: u64,
    /// Messages whose frames the reader may ask for again.
    kept: VecDeque<Kept>,
    /// Bytes of the frames in them.
    kept_bytes: u64,
    /// From where frames were sent again since the last tick.
    repeated: Option<u64>,
    /// From where they are to be sent again with the next.
    asked: Option<u64>,
    ended: bool,
    stopped: Option<Status>,
    silent: u32,
    unheard: u32,
    gone: Option<u32>,
}

#[derive(Debug)]
struct Kept {
    last: u64,
    bytes: u64,
    payload: Bytes,
}

/// What may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) frames: u64,
    /// The frame that reaches this is still sent whole.
    pub(super) bytes: u64,
}

/// What has to be published in answer to something.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Again {
    /// Messages with frames, as they were.
    pub(super) frames: Vec<Bytes>,
    /// The end.
    pub(super) end: bool,
    /// A heartbeat.
    pub(super) beat: bool,
}

impl Producer {
    /// Starts a stream whose reader has opened with these grants.
    pub(super) fn new(granted_frames: u64, granted_bytes: u64) -> Self {
        Self {
            next: 1,
            sent_bytes: 0,
            granted_frames: granted_frames.min(CREDIT_MAX),
            granted_bytes,
            received: 0,
            kept: VecDeque::new(),
            kept_bytes: 0,
            repeated: None,
            asked: None,
            ended: false,
            stopped: None,
            silent: 0,
            unheard: 0,
            gone: None,
        }
    }

    /// What may be sent now; `None` when nothing may.
    pub(super) fn room(&self) -> Option<Room> {
        let frames = self.granted_frames.saturating_sub(self.count());
        let granted = self.granted_bytes.saturating_sub(self.sent_bytes);
        // A reader grants a window beyond what it has consumed, and has received that: only one that doesn't say what it
        // has received, or grants what it can't mean, is held here.
        let bytes = granted.min(WINDOW_BYTES.saturating_sub(self.kept_bytes));
        (frames > 0 && bytes > 0).then_some(Room { frames, bytes })
    }

    /// Number of the next frame.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Frames sent so far.
    pub(super) fn count(&self) -> u64 {
        self.next - 1
    }

    /// Notes frames that are being sent, within the room there is.
    pub(super) fn sent(&mut self, span: Span, payload: Bytes) {
        debug_assert_eq!(span.first, self.next, "frames are numbered without holes");
        self.silent = 0;
        if span.count > 0 {
            self.next += span.count;
            self.sent_bytes += span.bytes;
            self.kept_bytes += span.bytes;
            self.kept.push_back(Kept { last: self.next - 1, bytes: span.bytes, payload });
        }
    }

    /// Notes that the end is being sent. It is said again until the reader has everything.
    pub(super) fn end(&mut self) {
        self.ended = true;
        self.silent = 0;
    }

    /// Ends the stream after so many frames: those behind were never sent, or can't be.
    pub(super) fn retract(&mut self, count: u64) {
        self.next = count + 1;
        while self.kept.back().is_some_and(|kept| kept.last > count) {
            self.forget(VecDeque::pop_back);
        }
        self.end();
    }

    /// Whether the reader has every frame and the end.
    pub(super) fn is_done(&self) -> bool {
        self.ended && self.received >= self.count()
    }

    /// Why the stream is over early, if it is.
    pub(super) fn stopped(&self) -> Option<&Status> {
        self.stopped.as_ref()
    }

    /// Stops the stream early.
    pub(super) fn stop(&mut self, why: Status) {
        self.stopped.get_or_insert(why);
    }

    /// Takes a control message. `Err` when it claims what can't be.
    pub(super) fn control(&mut self, control: &Control) -> Result<Again, &'static str> {
        let Control { frames, bytes, received, resume_from, cancel } = *control;
        if received > self.count() || resume_from.is_some_and(|from| from > self.next) {
            return Err("the reader claims frames that were never sent");
        }
        self.unheard = 0;
        self.gone = None;
        self.received = self.received.max(received);
        // What was granted before is no more than this, since what was received never falls.
        self.granted_frames = self.granted_frames.max(frames).min(self.received + CREDIT_MAX);
        self.granted_bytes = self.granted_bytes.max(bytes);
        while self.kept.front().is_some_and(|kept| kept.last <= self.received) {
            self.forget(VecDeque::pop_front);
        }
        if cancel {
            self.stop(Status::cancelled("the reader has gone"));
        }
        // What is asked for behind what was received is an old message that was overtaken.
        let resume = resume_from.filter(|from| self.stopped.is_none() && *from > self.received);
        Ok(match (resume, self.repeated) {
            (None, _) => Again::default(),
            (Some(from), None) => self.repeat(from),
            // A question costs its reader next to nothing and its answer a window, so there is one to a tick. Who has
            // come further meanwhile and misses something else waits for the next; the same is on its way.
            (Some(from), Some(repeated)) => {
                if from > repeated {
                    self.asked = self.asked.max(Some(from));
                }
                Again::default()
            }
        })
    }

    /// Notes that nobody subscribes to the reader's inbox.
    pub(super) fn no_reader(&mut self) {
        match self.gone {
            None => self.gone = Some(0),
            Some(ticks) if ticks >= GONE_TICKS => {
                self.stop(Status::cancelled("the reader has gone"));
            }
            Some(_) => {}
        }
    }

    /// Takes the passing of time.
    pub(super) fn tick(&mut self) -> Again {
        if self.stopped.is_some() || self.is_done() {
            return Again::default();
        }
        self.repeated = None;
        self.unheard += 1;
        self.silent += 1;
        if let Some(ticks) = &mut self.gone {
            *ticks += 1;
        }
        if self.unheard > ORPHAN_TICKS {
            self.stop(Status::cancelled("the reader has been silent for three heartbeats"));
            return Again::default();
        }
        if let Some(from) = self.asked.take().filter(|from| *from > self.received) {
            self.silent = 0;
            return self.repeat(from);
        }
        if self.silent >= BEAT_TICKS || self.gone.is_some() {
            self.silent = 0;
            return Again { frames: Vec::new(), end: self.ended, beat: !self.ended };
        }
        Again::default()
    }

    fn repeat(&mut self, from: u64) -> Again {
        self.repeated = Some(from);
        let kept = self.kept.iter().filter(|kept| kept.last >= from);
        let frames = kept.map(|kept| kept.payload.clone()).collect();
        Again { frames, end: self.ended, beat: false }
    }

    fn forget(&mut self, pop: impl FnOnce(&mut VecDeque<Kept>) -> Option<Kept>) {
        self.kept_bytes -= pop(&mut self.kept).map_or(0, |kept| kept.bytes);
    }
}
