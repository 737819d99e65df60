//! The producing side of a stream on a transport.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::WINDOW_BYTES;
use super::keeper::Ticked;
use super::link::Port;
use super::packet::{Control, Span, heartbeat};
use super::producer::{Again, Producer, Room};
use super::split::Sizes;
use crate::headers::{Headers, name};
use crate::status::{self, Result, Status};
use crate::transport::{BoxFuture, Flush};

/// The producing side of a stream.
pub(crate) struct Outlet {
    port: Arc<Port>,
    state: Mutex<State>,
}

struct State {
    producer: Producer,
    /// The last message, for as long as it may have to be said again.
    end: Option<(Headers, Bytes)>,
    /// Whether the reader has spoken, so that it knows where to.
    heard: bool,
    waker: Option<Waker>,
}

impl Outlet {
    /// Makes the producing side of a stream whose reader has opened with this credit.
    pub(crate) fn granted(port: &Arc<Port>, credit: u32) -> Arc<Self> {
        Self::new(port, Producer::new(u64::from(credit.max(1)), WINDOW_BYTES))
    }

    /// Makes the producing side of a stream whose reader has yet to grant.
    pub(crate) fn waiting(port: &Arc<Port>) -> Arc<Self> {
        Self::new(port, Producer::new(0, 0))
    }

    fn new(port: &Arc<Port>, producer: Producer) -> Arc<Self> {
        let state = State { producer, end: None, heard: false, waker: None };
        Arc::new(Self { port: Arc::clone(port), state: Mutex::new(state) })
    }

    /// Completes when frames may be sent, and fails when the stream is over. Wakes whenever that may have changed.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>) -> Poll<Result<(Room, u64)>> {
        let mut state = self.lock();
        if let Some(status) = state.producer.stopped() {
            return Poll::Ready(Err(status.clone()));
        }
        let room = state.producer.room();
        let next = state.producer.next();
        state.wait(cx);
        room.map_or(Poll::Pending, |room| Poll::Ready(Ok((room, next))))
    }

    /// Completes when the reader has everything, or will never have it.
    pub(super) fn poll_done(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.lock();
        if state.producer.is_done() {
            return Poll::Ready(Ok(()));
        }
        if let Some(status) = state.producer.stopped() {
            return Poll::Ready(Err(status.clone()));
        }
        state.wait(cx);
        Poll::Pending
    }

    /// Completes when the reader has gone.
    pub(crate) fn poll_stopped(&self, cx: &mut Context<'_>) -> Poll<Status> {
        let mut state = self.lock();
        if let Some(status) = state.producer.stopped() {
            return Poll::Ready(status.clone());
        }
        state.wait(cx);
        Poll::Pending
    }

    /// Whether what is published leaves at once, without another task's help.
    pub(super) fn is_direct(&self) -> bool {
        self.port.flush() == Flush::Now
    }

    /// How frames are sent.
    pub(super) fn sizes(&self) -> Sizes {
        self.port.sizes()
    }

    /// Frames sent so far.
    pub(super) fn count(&self) -> u64 {
        self.lock().producer.count()
    }

    /// Sends frames, and the end of the stream if `how` says so.
    pub(super) fn publish(
        &self,
        span: Span,
        payload: &Bytes,
        how: Option<&Result<()>>,
    ) -> Result<()> {
        let mut state = self.lock();
        if span.count > 0 || how.is_none() {
            state.producer.sent(span, payload.clone());
        }
        let with_reply = !state.heard;
        let Some(how) = how else {
            drop(state);
            return self.port.send(&Headers::new(), payload, with_reply, self.port.flush());
        };
        state.producer.end();
        let count = state.producer.count();
        let (mut headers, body) = match how {
            Ok(()) => (Headers::new(), heartbeat(count + 1)),
            Err(status) => {
                let (headers, body) = status::wire::encode(status);
                (headers, body.into())
            }
        };
        headers.insert(name::EOS, count.to_string())?;
        state.end = Some((headers.clone(), body.clone()));
        drop(state);
        if how.is_ok() {
            // The last frames and the end are one message.
            return self.port.send(&headers, payload, with_reply, self.port.flush());
        }
        if span.count > 0 {
            self.port.send(&Headers::new(), payload, with_reply, Flush::Soon)?;
        }
        self.port.send(&headers, &body, with_reply, self.port.flush())
    }

    /// Ends the stream with a failure after so many frames; what was to follow is forgotten.
    pub(super) fn give_up(&self, count: u64, why: &Status) {
        let mut state = self.lock();
        if state.producer.stopped().is_some() || state.end.is_some() {
            return;
        }
        state.producer.retract(count);
        let (mut headers, body) = status::wire::encode(why);
        // A number is a header's value.
        let _ = headers.insert(name::EOS, count.to_string());
        state.end = Some((headers, body.into()));
        drop(state);
        self.repeat_end();
    }

    /// Says the end again, for a transport that refused it.
    pub(super) fn repeat_end(&self) {
        self.repeat(Again { end: true, ..Again::default() }, self.port.flush());
    }

    /// Completes when the transport takes messages again.
    pub(super) fn writable(&self) -> BoxFuture<'static, ()> {
        self.port.transport().writable()
    }

    /// Publishes a message again that the transport refused.
    pub(super) fn retry(&self, payload: &Bytes) -> Result<()> {
        self.port.send(&Headers::new(), payload, true, self.port.flush())
    }

    pub(super) fn control(&self, control: &Control) {
        let mut state = self.lock();
        state.heard = true;
        match state.producer.control(control) {
            Ok(again) => {
                state.wake();
                drop(state);
                self.repeat(again, Flush::Soon);
            }
            Err(why) => {
                metrics::counter!("bb_stream_messages_refused_total").increment(1);
                tracing::warn!(why, "stream message refused");
            }
        }
    }

    pub(super) fn no_reader(&self) {
        let mut state = self.lock();
        state.producer.no_reader();
        state.wake();
    }

    /// Stops the producer.
    pub(crate) fn stop(&self, why: Status) {
        let mut state = self.lock();
        state.producer.stop(why);
        state.wake();
    }

    fn repeat(&self, again: Again, flush: Flush) {
        let Again { frames, end, beat } = again;
        for payload in &frames {
            if self.port.send(&Headers::new(), payload, true, flush).is_err() {
                // What can't be sent now is asked for again. What would follow it is no use before it.
                return;
            }
        }
        if end && let Some((headers, body)) = self.lock().end.clone() {
            let _ = self.port.send(&headers, &body, true, flush);
        }
        if beat {
            let next = self.lock().producer.next();
            let _ = self.port.send(&Headers::new(), &heartbeat(next), true, flush);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn wait(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            waker => *waker = Some(cx.waker().clone()),
        }
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl Ticked for Outlet {
    fn tick(&self) -> bool {
        if !self.port.has_peer() {
            // It hasn't opened: its caller's deadline watches over that.
            return true;
        }
        let mut state = self.lock();
        let again = state.producer.tick();
        let over = state.producer.stopped().is_some() || state.producer.is_done();
        if over {
            state.wake();
        }
        drop(state);
        self.repeat(again, Flush::Soon);
        !over
    }
}
