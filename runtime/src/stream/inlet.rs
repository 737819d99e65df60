//! The reading side of a stream on a transport.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;

use super::keeper::Ticked;
use super::link::Port;
use super::packet::{Frames, Span};
use super::reader::{Effects, Reader};
use crate::headers::Headers;
use crate::status::{Result, Status};
use crate::transport::Flush;

/// The reading side of a stream.
pub(crate) struct Inlet {
    port: Arc<Port>,
    state: Mutex<State>,
}

struct State {
    reader: Reader,
    open: bool,
    waker: Option<Waker>,
}

impl Inlet {
    /// Makes the reading side; it counts as open when the peer is known.
    pub(crate) fn new(port: &Arc<Port>, credit: u32, idle_timeout: Duration) -> Arc<Self> {
        let reader = Reader::new(u64::from(credit), idle_timeout);
        let open = port.has_peer();
        // Who opens the stream has said what it grants, or left it to the schema; others grant it in so many words.
        let reader = if open { reader } else { reader.untold() };
        let state = State { reader, open, waker: None };
        Arc::new(Self { port: Arc::clone(port), state: Mutex::new(state) })
    }

    /// Completes when the other side has spoken; fails when the stream failed before its first frame.
    pub(crate) fn poll_open(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut state = self.lock();
        match state.reader.ended() {
            Some(Err(status)) if !state.reader.is_behind() => Poll::Ready(Err(status.clone())),
            _ if state.open => Poll::Ready(Ok(())),
            _ => {
                state.wait(cx);
                Poll::Pending
            }
        }
    }

    /// Grants the first credit, for a producer that waits for it.
    pub(crate) fn grant(&self) {
        let control = self.lock().reader.control();
        self.tell(
            &Effects { control: Some(control), probe: true, ..Effects::default() },
            self.port.flush(),
        );
    }

    /// Whether the other side has spoken.
    pub(super) fn is_open(&self) -> bool {
        self.lock().open
    }

    /// Longest frame that is taken.
    pub(super) fn bytes_max(&self) -> usize {
        self.port.bytes_max()
    }

    /// Frames after which it is worth looking whether to grant more.
    pub(super) fn report_frames(&self) -> u64 {
        self.lock().reader.report_frames()
    }

    /// Takes all frames that wait; `None` at the end.
    pub(super) fn poll_take(
        &self,
        cx: &mut Context<'_>,
        into: &mut VecDeque<Frames>,
    ) -> Poll<Option<Result<()>>> {
        let mut state = self.lock();
        if state.reader.is_behind() {
            state.reader.take(into);
            return Poll::Ready(Some(Ok(())));
        }
        match state.reader.ended() {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(status)) => Poll::Ready(Some(Err(status.clone()))),
            None => {
                state.wait(cx);
                Poll::Pending
            }
        }
    }

    /// Notes what the user consumed.
    pub(super) fn consumed(&self, frames: u64, bytes: u64) {
        let control = self.lock().reader.consumed(frames, bytes);
        self.tell(&Effects { control, ..Effects::default() }, self.port.flush());
    }

    pub(super) fn frames(&self, span: Span, payload: Bytes) {
        self.happened(|reader| {
            let payload = own(reader, payload);
            reader.frames(span, payload)
        });
    }

    pub(super) fn end(&self, frames: Option<(Span, Bytes)>, count: u64, how: Result<()>) {
        self.happened(|reader| {
            let mut first = Effects::default();
            if let Some((span, payload)) = frames {
                let payload = own(reader, payload);
                first = reader.frames(span, payload);
            }
            let second = reader.end(count, how);
            Effects {
                wake: first.wake || second.wake,
                control: second.control.or(first.control),
                probe: false,
            }
        });
    }

    pub(super) fn heard(&self) {
        self.happened(|_| Effects::default());
    }

    pub(super) fn fail_plainly(&self, status: Status) {
        self.happened(|reader| reader.fail_plainly(status));
    }

    pub(super) fn no_producer(&self) {
        let effects = self.lock().reader.no_producer();
        self.apply(&effects, Flush::Soon);
    }

    pub(super) fn disconnected(&self) {
        self.lock().reader.disconnected();
    }

    /// Ends the stream here, and stops the producer.
    pub(crate) fn fail(&self, status: Status) {
        let effects = self.lock().reader.fail(status);
        self.apply(&effects, self.port.flush());
    }

    /// Takes something that arrived, on the connection's reading task.
    fn happened(&self, what: impl FnOnce(&mut Reader) -> Effects) {
        let mut state = self.lock();
        let opened = !std::mem::replace(&mut state.open, true);
        let mut effects = what(&mut state.reader);
        drop(state);
        // The end is confirmed when there is time: its reader goes on first.
        let flush = if effects.wake { Flush::Idly } else { Flush::Soon };
        effects.wake |= opened;
        self.apply(&effects, flush);
    }

    fn apply(&self, effects: &Effects, flush: Flush) {
        if effects.wake {
            let waker = self.lock().waker.take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        self.tell(effects, flush);
    }

    fn tell(&self, effects: &Effects, flush: Flush) {
        let Effects { control: Some(control), probe, .. } = *effects else { return };
        // A control message that is lost is made up for by the next: its numbers are cumulative.
        let _ = self.port.send(&Headers::new(), &control.encode(), probe, flush);
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
}

impl Ticked for Inlet {
    fn tick(&self) -> bool {
        let mut state = self.lock();
        if state.reader.ended().is_some() {
            return false;
        }
        if state.open {
            let effects = state.reader.tick();
            drop(state);
            self.apply(&effects, Flush::Soon);
        }
        true
    }
}

/// Copies what has to wait, since a few frames would pin the whole buffer they were read into.
fn own(reader: &Reader, payload: Bytes) -> Bytes {
    if reader.is_behind() { Bytes::copy_from_slice(&payload) } else { payload }
}
