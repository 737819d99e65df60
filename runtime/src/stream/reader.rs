//! The reading side without clock or transport.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use super::packet::{Control, Frames, Span};
use super::{BEAT_TICKS, CREDIT_MAX, GONE_TICKS, TICK, WINDOW_BYTES};
use crate::status::{Executed, Result, Status};

/// Ticks in which what is missing has to come: three heartbeats, each of which asks again.
const RESUME_TICKS: u32 = 3 * BEAT_TICKS;

/// Bytes of messages that wait to be consumed, beyond which a producer that ignores its grant is given up: with all that
/// is around frames, a window is less.
const WAITING_BYTES_MAX: u64 = 8 * WINDOW_BYTES;

/// Takes frames in order, grants more as they are consumed, and knows how the stream ended.
#[derive(Debug)]
pub(super) struct Reader {
    credit: u64,
    /// Number of the last frame that may come.
    granted: u64,
    /// Number of the next frame to take.
    expected: u64,
    waiting: VecDeque<Frames>,
    waiting_bytes: u64,
    received_bytes: u64,
    consumed: Consumed,
    reported: Consumed,
    /// How many frames there are and how it ended, once the producer has said so.
    announced: Option<(u64, Result<()>)>,
    /// How it ended here.
    ended: Option<Result<()>>,
    idle_ticks: u32,
    silent: u32,
    quiet: u32,
    missing: Option<u32>,
    gone: Option<u32>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Consumed {
    frames: u64,
    bytes: u64,
}

/// What follows from something that happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// There are frames or the end: the user can go on.
    pub(super) wake: bool,
    /// What to tell the producer.
    pub(super) control: Option<Control>,
    /// The control message is a question: nobody there is an answer too.
    pub(super) probe: bool,
}

impl Reader {
    /// Starts a stream of which `credit` frames are granted at once, and which is given up after some time of silence.
    pub(super) fn new(credit: u64, idle_timeout: Duration) -> Self {
        let ticks = idle_timeout.as_millis().div_ceil(TICK.as_millis());
        let credit = credit.clamp(1, CREDIT_MAX);
        Self {
            credit,
            granted: credit,
            expected: 1,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            received_bytes: 0,
            consumed: Consumed::default(),
            reported: Consumed::default(),
            announced: None,
            ended: None,
            idle_ticks: u32::try_from(ticks).unwrap_or(u32::MAX).max(2 * BEAT_TICKS),
            silent: 0,
            quiet: 0,
            missing: None,
            gone: None,
        }
    }

    /// Lets the producer begin with any credit: its schema may have another number, and nobody has told it this one.
    pub(super) fn untold(mut self) -> Self {
        self.granted = CREDIT_MAX;
        self
    }

    /// Frames after which it is worth looking whether to grant more.
    pub(super) fn report_frames(&self) -> u64 {
        (self.credit / 4).max(1)
    }

    /// Whether frames wait to be consumed.
    pub(super) fn is_behind(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Takes every frame that waits.
    pub(super) fn take(&mut self, into: &mut VecDeque<Frames>) {
        self.waiting_bytes = 0;
        std::mem::swap(&mut self.waiting, into);
    }

    /// How the stream ended, once it has; frames may still wait.
    pub(super) fn ended(&self) -> Option<&Result<()>> {
        self.ended.as_ref()
    }

    /// Takes frames, or a heartbeat.
    pub(super) fn frames(&mut self, span: Span, payload: Bytes) -> Effects {
        self.hear();
        let mut effects = Effects::default();
        if self.ended.is_some() {
            return effects;
        }
        let Span { first, count, bytes } = span;
        if first > self.expected {
            return self.miss();
        }
        let skip = self.expected - first;
        if count > skip {
            let next = first + count;
            if next > self.granted + 1 || self.waiting_bytes > WAITING_BYTES_MAX {
                return self.fail(Status::internal("the producer sends more than it was granted"));
            }
            self.waiting_bytes += payload.len() as u64;
            self.waiting.push_back(Frames::new(payload, skip, count));
            self.received_bytes += bytes;
            self.expected = next;
            self.missing = None;
            effects.wake = true;
        }
        self.settle(effects)
    }

    /// Takes the end: how many frames there are in all, and how it ended.
    pub(super) fn end(&mut self, count: u64, how: Result<()>) -> Effects {
        self.hear();
        if self.ended.is_some() {
            // The producer says it again, so it hasn't heard that everything arrived.
            return Effects { control: Some(self.control()), ..Effects::default() };
        }
        if count + 1 < self.expected {
            let more = self.expected - 1;
            return self.fail(Status::data_loss(format!(
                "the producer counts {count} frames, of which {more} arrived"
            )));
        }
        self.announced.get_or_insert((count, how));
        if count + 1 > self.expected { self.miss() } else { self.settle(Effects::default()) }
    }

    /// Ends the stream as a failed call does, without a count.
    pub(super) fn fail_plainly(&mut self, status: Status) -> Effects {
        self.hear();
        self.finish(Err(status))
    }

    /// Ends the stream here, and tells the producer.
    pub(super) fn fail(&mut self, status: Status) -> Effects {
        if self.ended.is_some() {
            return Effects::default();
        }
        let control = Some(Control { cancel: true, resume_from: None, ..self.control() });
        Effects { control, ..self.finish(Err(status)) }
    }

    /// Notes what the user consumed; grants more when half a window is consumed and little of it is left to send.
    pub(super) fn consumed(&mut self, frames: u64, bytes: u64) -> Option<Control> {
        self.consumed.frames += frames;
        self.consumed.bytes += bytes;
        let (reported, consumed) = (self.reported, self.consumed);
        let frames_left = (reported.frames + self.credit + 1).saturating_sub(self.expected);
        let bytes_left = (reported.bytes + WINDOW_BYTES).saturating_sub(self.received_bytes);
        let due = consumed.frames - reported.frames >= (self.credit / 2).max(1)
            && frames_left <= self.credit / 4
            || consumed.bytes - reported.bytes >= WINDOW_BYTES / 2
                && bytes_left <= WINDOW_BYTES / 4;
        // Who has said everything needs no more credit.
        (due && self.announced.is_none() && self.ended.is_none()).then(|| self.control())
    }

    /// What the producer is told now.
    pub(super) fn control(&mut self) -> Control {
        self.quiet = 0;
        self.reported = self.consumed;
        let frames = self.consumed.frames + self.credit;
        self.granted = self.granted.max(frames);
        Control {
            frames,
            bytes: self.consumed.bytes + WINDOW_BYTES,
            received: self.expected - 1,
            resume_from: self.missing.map(|_| self.expected),
            cancel: false,
        }
    }

    /// Notes that nobody subscribes to the producer's inbox.
    pub(super) fn no_producer(&mut self) -> Effects {
        match self.gone {
            None => {
                self.gone = Some(0);
                Effects::default()
            }
            Some(ticks) if ticks >= GONE_TICKS && self.ended.is_none() => {
                let status = Status::unavailable("the other side of the stream has gone");
                self.finish(Err(status.with_executed(Executed::Unknown)))
            }
            Some(_) => Effects::default(),
        }
    }

    /// Notes that messages may have been lost: asks soon what is missing.
    pub(super) fn disconnected(&mut self) {
        self.quiet = BEAT_TICKS;
    }

    /// Takes the passing of time.
    pub(super) fn tick(&mut self) -> Effects {
        if self.ended.is_some() {
            return Effects::default();
        }
        self.silent += 1;
        self.quiet += 1;
        if let Some(ticks) = &mut self.gone {
            *ticks += 1;
        }
        if self.silent > self.idle_ticks {
            let status =
                Status::unavailable("the other side of the stream has been silent too long");
            return self.fail(status.with_executed(Executed::Unknown));
        }
        if let Some(ticks) = &mut self.missing {
            *ticks += 1;
            if *ticks > RESUME_TICKS {
                let (expected, what) = (self.expected, "lost and could not be sent again");
                return self.fail(Status::data_loss(format!("frame {expected} was {what}")));
            }
        }
        if self.quiet >= BEAT_TICKS || self.gone.is_some() {
            return Effects { wake: false, control: Some(self.control()), probe: true };
        }
        Effects::default()
    }

    fn hear(&mut self) {
        self.silent = 0;
        self.gone = None;
    }

    /// Asks for what is missing, once; heartbeats ask again.
    fn miss(&mut self) -> Effects {
        if self.missing.is_some() {
            return Effects::default();
        }
        self.missing = Some(0);
        Effects { control: Some(self.control()), ..Effects::default() }
    }

    /// Ends the stream when everything that was announced is here.
    fn settle(&mut self, effects: Effects) -> Effects {
        match self.announced.take() {
            Some((count, how)) if count + 1 == self.expected => {
                self.missing = None;
                let control = Some(self.control());
                Effects { control, ..self.finish(how) }
            }
            Some((count, _)) if count + 1 < self.expected => self.fail(Status::data_loss(format!(
                "the producer counts {count} frames, of which {} arrived",
                self.expected - 1
            ))),
            announced => {
                self.announced = announced;
                effects
            }
        }
    }

    fn finish(&mut self, how: Result<()>) -> Effects {
        if self.ended.is_none() {
            self.ended = Some(how);
        }
        Effects { wake: true, ..Effects::default() }
    }
}
