//! Moves frames from their source to the wire, as many at once as are at hand.

use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::Stream as _;
use prost::Message;

use super::packet::Pack;
use super::producer::Room;
use super::raw::Raw;
use super::split::{Rest, Sizes};
use super::{Outbound, Outlet};
use crate::seal::Guard;
use crate::status::{Code, Result, Status};
use crate::transport::BoxFuture;

/// Time in which a source makes its first frame that is likely to have more at hand.
const QUICK_FRAME: Duration = Duration::from_micros(10);

/// How long the first frame of such a source is kept while more are packed: less than its way takes.
const FIRST_KEPT_MAX: Duration = Duration::from_micros(100);

/// Messages that a stream packs in one turn while it writes them itself.
const DIRECT_TURN: u32 = 4;

/// Sends a stream; completes when the reader has everything.
pub(crate) struct Pump<T> {
    outlet: Arc<Outlet>,
    source: Option<Outbound<T>>,
    /// Seals the frames, where they have sensitive fields.
    guard: Option<Guard>,
    pack: Pack,
    sizes: Sizes,
    /// What is left of a long frame.
    rest: Option<Rest>,
    /// Counts the messages that were full.
    turn: u32,
    /// Whether anything was published.
    opened: bool,
    /// Whether a failure before anything was published is left to the caller to tell.
    plain: bool,
    /// Whether a reader is told when this is dropped before its time.
    announces_drop: bool,
    /// How the source ended, once it has.
    ended: Option<Result<()>>,
    /// A message that didn't fit into the write buffer.
    refused: Option<(Refused, BoxFuture<'static, ()>)>,
}

enum Refused {
    Frames(Bytes),
    End,
}

/// Why a stream wasn't sent to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It failed before it opened: nobody has been told.
    Plainly(Status),
    /// It failed, or its reader has gone.
    Told(Status),
}

impl<T: Message> Pump<T> {
    /// Prepares to answer with a stream.
    pub(crate) fn answering(outlet: &Arc<Outlet>, source: Outbound<T>) -> Self {
        Self::new(outlet, source, true, false)
    }

    /// Prepares to go on with a stream that has opened.
    pub(crate) fn going_on(outlet: &Arc<Outlet>, source: Outbound<T>) -> Self {
        let mut pump = Self::new(outlet, source, false, false);
        pump.opened = true;
        pump
    }

    /// Prepares to send the requests of a call.
    pub(crate) fn uploading(outlet: &Arc<Outlet>, source: Outbound<T>) -> Self {
        let mut pump = Self::new(outlet, source, false, true);
        pump.opened = true;
        pump
    }
}

impl<T> Pump<T> {
    fn new(outlet: &Arc<Outlet>, source: Outbound<T>, plain: bool, announces_drop: bool) -> Self {
        let sizes = outlet.sizes();
        Self {
            outlet: Arc::clone(outlet),
            source: Some(source),
            guard: None,
            pack: Pack::new(sizes.pack),
            sizes,
            rest: None,
            turn: 0,
            opened: false,
            plain,
            announces_drop,
            ended: None,
            refused: None,
        }
    }

    /// Seals the sensitive fields of frames.
    pub(crate) fn sealed(mut self, guard: Option<Guard>) -> Self {
        self.guard = guard;
        self
    }
}

/// When the first message of a stream leaves. Its frames wait for none that isn't there.
#[derive(Debug)]
struct First {
    /// Since when it is being filled, where it may hold more than one frame.
    since: Option<Instant>,
}

impl First {
    /// Whether it leaves with so many frames. The time is looked at now and then: that takes longer than to pack a frame.
    fn leaves(&self, frames: u64) -> bool {
        let Some(since) = self.since else { return frames > 0 };
        match frames {
            0 => false,
            1 => since.elapsed() > QUICK_FRAME,
            _ if frames.is_power_of_two() || frames.is_multiple_of(64) => {
                since.elapsed() > FIRST_KEPT_MAX
            }
            _ => false,
        }
    }
}

/// What filling a message came to.
enum Filled {
    /// The source has more, for another message.
    More,
    /// The source has nothing at hand.
    Waits,
    /// The source has ended.
    Ended(Result<()>),
}

impl<T: Message> Pump<T> {
    /// Fills a message with the frames at hand.
    fn fill(&mut self, cx: &mut Context<'_>, room: Room, next: u64) -> Filled {
        self.pack.begin(next);
        let first =
            (next == 1).then(|| First { since: self.outlet.is_direct().then(Instant::now) });
        loop {
            let span = self.pack.span();
            if span.count >= room.frames
                || first.as_ref().is_some_and(|first| first.leaves(span.count))
                || span.bytes >= room.bytes
                || self.pack.len() >= self.sizes.pack
            {
                return Filled::More;
            }
            if let Some(rest) = &mut self.rest {
                if rest.put(&mut self.pack) {
                    self.rest = None;
                }
                return Filled::More;
            }
            let Some(source) = &mut self.source else { return Filled::Ended(Ok(())) };
            match Pin::new(source).poll_next(cx) {
                // To move what was written just now would wait until it is in the cache.
                Poll::Ready(Some(Ok(ref frame))) => {
                    let added = match &self.guard {
                        None => self.add(frame),
                        Some(guard) => Guard::seal_with(Some(guard), frame.encode_to_vec().into())
                            .and_then(|sealed| self.add(&Raw(sealed))),
                    };
                    if let Err(status) = added {
                        return Filled::Ended(Err(status));
                    }
                }
                Poll::Ready(Some(Err(status))) => return Filled::Ended(Err(status)),
                Poll::Ready(None) => return Filled::Ended(Ok(())),
                Poll::Pending => return Filled::Waits,
            }
        }
    }

    /// Adds a frame to the message, or prepares it for several.
    #[inline]
    fn add(&mut self, frame: &impl Message) -> Result<()> {
        let length = frame.encoded_len();
        if self.sizes.is_short(length) {
            self.pack.push(frame, length);
        } else {
            self.rest = Some(self.sizes.split(frame, length)?);
        }
        Ok(())
    }

    fn publish(&mut self, how: Option<Result<()>>) {
        let span = self.pack.span();
        let payload = self.pack.take();
        self.opened = true;
        let sent = self.outlet.publish(span, &payload, how.as_ref());
        self.ended = how;
        if let Err(status) = sent {
            match (status.code(), &self.ended) {
                (Code::ResourceExhausted, None) => {
                    self.refused = Some((Refused::Frames(payload), self.outlet.writable()));
                }
                (Code::ResourceExhausted, Some(_)) => {
                    self.refused = Some((Refused::End, self.outlet.writable()));
                }
                (Code::InvalidArgument, _) => {
                    let status = Status::resource_exhausted(format!(
                        "a frame of the stream is too large: {}",
                        status.message()
                    ));
                    self.fail(span.first - 1, status);
                }
                // A broken connection: the reader asks again for what it has missed.
                _ => {}
            }
        }
    }

    /// Ends a stream whose last frames can't be sent.
    fn fail(&mut self, sent: u64, status: Status) {
        self.outlet.give_up(sent, &status);
        self.ended = Some(Err(status));
    }
}

impl<T: Message> Future for Pump<T> {
    type Output = Result<(), Stopped>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            if let Some((refused, writable)) = &mut this.refused {
                ready!(writable.as_mut().poll(cx));
                match refused {
                    Refused::Frames(payload) => {
                        let payload = payload.clone();
                        let full = this
                            .outlet
                            .retry(&payload)
                            .is_err_and(|status| status.code() == Code::ResourceExhausted);
                        this.refused =
                            full.then(|| (Refused::Frames(payload), this.outlet.writable()));
                    }
                    Refused::End => {
                        this.outlet.repeat_end();
                        this.refused = None;
                    }
                }
                continue;
            }
            if let Some(how) = &this.ended {
                this.source = None;
                let done = ready!(this.outlet.poll_done(cx));
                let how = how.clone().and(done).map_err(Stopped::Told);
                this.announces_drop = false;
                return Poll::Ready(how);
            }
            let (room, next) = match ready!(this.outlet.poll_room(cx)) {
                Ok(room) => room,
                Err(status) => {
                    this.source = None;
                    this.announces_drop = false;
                    return Poll::Ready(Err(Stopped::Told(status)));
                }
            };
            let filled = panic::catch_unwind(AssertUnwindSafe(|| this.fill(cx, room, next)));
            let filled = filled.unwrap_or_else(|panic| {
                // What the source made before is its reader's.
                if this.pack.span().count > 0 {
                    this.publish(None);
                }
                panic::resume_unwind(panic)
            });
            match filled {
                Filled::More => {
                    this.publish(None);
                    this.turn += 1;
                    if this.outlet.is_direct() && !this.turn.is_multiple_of(DIRECT_TURN) {
                        continue;
                    }
                    // Others get their turn, and the message its way to the wire, while there is more to pack.
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Filled::Waits => {
                    if this.pack.span().count > 0 || !this.opened {
                        this.publish(None);
                    }
                    if this.refused.is_none() && this.ended.is_none() {
                        return Poll::Pending;
                    }
                }
                Filled::Ended(Err(status))
                    if this.plain && !this.opened && this.pack.span().count == 0 =>
                {
                    this.source = None;
                    return Poll::Ready(Err(Stopped::Plainly(status)));
                }
                Filled::Ended(how) => this.publish(Some(how)),
            }
        }
    }
}

impl<T> Drop for Pump<T> {
    /// Tells the reader of requests that no more will come.
    fn drop(&mut self) {
        if self.announces_drop && self.ended.is_none() {
            let status = if std::thread::panicking() {
                Status::internal("what produced the stream panicked")
            } else {
                Status::cancelled("what produced the stream was dropped")
            };
            self.outlet.give_up(self.outlet.count(), &status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_frame_is_kept_for_others_only_by_a_quick_source_and_not_for_long() {
        let now = Instant::now();
        let quick = First { since: Some(now + Duration::from_mins(1)) };
        assert!(!(0..1_000).any(|frames| quick.leaves(frames)));
        let slow = First { since: now.checked_sub(2 * QUICK_FRAME) };
        assert!(!slow.leaves(0) && slow.leaves(1));
        let late = First { since: now.checked_sub(2 * FIRST_KEPT_MAX) };
        assert!(late.leaves(2) && late.leaves(64) && late.leaves(640));
        let among_many = First { since: None };
        assert!(!among_many.leaves(0) && among_many.leaves(1));
    }
}
