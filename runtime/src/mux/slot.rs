//! A slot: where one unary call waits for its answer.

use std::cell::Cell;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::time::Instant;

use super::stamped::Stamped;
use super::{Inner, SHARDS, lock, read, write};
use crate::subject::Subject;
use crate::transport::Frame;

/// Largest reply buffer that a slot keeps for its next call.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// How a call's wait ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A reply came; its payload is read through [`Lease::body`].
    Reply {
        /// Status of the server's own message, such as 503.
        status: Option<u16>,
        /// The header block.
        headers: Option<Bytes>,
    },
    /// The connection broke.
    Disconnected,
    /// The server forbids the subject.
    Refused,
    /// Time ran out.
    TimedOut,
}

/// Where one unary call at a time waits for its answer.
pub(super) struct CallSlot {
    index: usize,
    pub(super) generation: u64,
    shard: usize,
    /// When the timer has to look at the call, in its ticks: at its alarm, and when it gives up. `u64::MAX` while none
    /// waits.
    pub(super) expires: AtomicU64,
    /// Whether the alarm went off.
    rang: AtomicBool,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    waker: Option<Waker>,
    /// Subject that the call was published to, to know a refusal by.
    target: Option<Subject>,
    body: Vec<u8>,
    /// When the call gives up.
    end: u64,
    /// Whether the reply may come again.
    twice: bool,
}

enum Phase {
    Free,
    Waiting,
    Done(Answer),
}

impl CallSlot {
    fn new(index: usize, generation: u64, shard: usize) -> Self {
        Self {
            index,
            generation,
            shard,
            expires: AtomicU64::new(u64::MAX),
            rang: AtomicBool::new(false),
            state: Mutex::new(State {
                phase: Phase::Free,
                waker: None,
                target: None,
                body: Vec::new(),
                end: u64::MAX,
                twice: false,
            }),
        }
    }

    /// Takes a reply, which may come `twice`; `false` when nobody waits.
    pub(super) fn answer(&self, frame: &Frame<'_>, twice: bool) -> bool {
        let mut state = lock(&self.state);
        if !matches!(state.phase, Phase::Waiting) {
            return false;
        }
        state.body.clear();
        state.body.extend_from_slice(frame.payload);
        let headers = frame.headers.map(Bytes::copy_from_slice);
        state.phase = Phase::Done(Answer::Reply { status: frame.status, headers });
        state.twice = twice;
        wake(state);
        true
    }

    pub(super) fn disconnected(&self) {
        self.fail(Answer::Disconnected, |_| true);
    }

    pub(super) fn refused(&self, subject: &str) {
        self.fail(Answer::Refused, |state| {
            state.target.as_ref().is_some_and(|target| target.as_str() == subject)
        });
    }

    /// Ends the call if its time has run out, or lets its alarm go off. The slot may have been lent again since the timer
    /// looked at it.
    fn expire(&self, now: u64) {
        let state = lock(&self.state);
        if !matches!(state.phase, Phase::Waiting) || self.expires.load(Ordering::SeqCst) > now {
            return;
        }
        if state.end <= now {
            self.end(state, Answer::TimedOut);
        } else {
            self.rang.store(true, Ordering::Relaxed);
            self.expires.store(state.end, Ordering::SeqCst);
            wake(state);
        }
    }

    fn fail(&self, answer: Answer, applies: impl FnOnce(&State) -> bool) {
        let state = lock(&self.state);
        if matches!(state.phase, Phase::Waiting) && applies(&state) {
            self.end(state, answer);
        }
    }

    /// Ends a wait without a reply.
    fn end(&self, mut state: MutexGuard<'_, State>, answer: Answer) {
        state.phase = Phase::Done(answer);
        self.expires.store(u64::MAX, Ordering::SeqCst);
        wake(state);
    }
}

/// Wakes who waits, once the lock is free.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A slot that a call has borrowed; dropping it gives it back.
pub(crate) struct Lease {
    slot: Arc<CallSlot>,
    reply: Stamped,
    mux: Arc<Inner>,
    settled: bool,
    /// Whether the server is told that nobody waits: it knows the call by its subject.
    cancelled: bool,
}

impl Lease {
    pub(super) fn new(mux: &Arc<Inner>, now: Instant) -> Self {
        let shard = shard();
        let free = lock(&mux.free[shard]).pop();
        let (slot, mut reply) = free.unwrap_or_else(|| {
            let mut slots = write(&mux.slots);
            let slot = Arc::new(CallSlot::new(slots.len(), 0, shard));
            slots.push(Arc::clone(&slot));
            let reply = Stamped::new(&mux.prefix, slot.index, slot.generation);
            (slot, reply)
        });
        reply.refresh(&mux.clock, now);
        mux.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { slot, reply, mux: Arc::clone(mux), settled: false, cancelled: false }
    }

    /// Where the answer goes; it tells when the request was sent.
    pub(crate) fn subject(&self) -> &Subject {
        self.reply.subject()
    }

    /// Notes that a server, which takes the request for old, is wrong: the caller still waits.
    pub(crate) fn disbelieved(&self) {
        self.mux.clock.disbelieved(self.reply.clock());
    }

    /// Starts to wait. Called before the request is published, because the answer can be faster than the caller.
    pub(crate) fn wait(&mut self, target: Subject, deadline: Instant, alarm: Option<Instant>) {
        let Self { slot, mux, .. } = self;
        let mut state = lock(&slot.state);
        state.phase = Phase::Waiting;
        state.target = Some(target);
        state.end = mux.timer.tick(deadline);
        slot.rang.store(false, Ordering::Relaxed);
        let look = alarm.map_or(state.end, |alarm| state.end.min(mux.timer.tick(alarm)));
        // Under the lock, so that the timer never judges this call by the deadline of the one before.
        mux.timer.arm(&slot.expires, look);
    }

    /// Whether the alarm of this wait went off; the waiting task is woken for it.
    pub(crate) fn rang(&self) -> bool {
        self.slot.rang.load(Ordering::Relaxed)
    }

    /// Waits for the answer.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Answer> {
        let mut state = lock(&self.slot.state);
        match &state.phase {
            Phase::Done(_) => {}
            Phase::Free | Phase::Waiting => {
                match &mut state.waker {
                    Some(waker) if waker.will_wake(cx.waker()) => {}
                    waker => *waker = Some(cx.waker().clone()),
                }
                return Poll::Pending;
            }
        }
        let Phase::Done(answer) = mem::replace(&mut state.phase, Phase::Free) else {
            return Poll::Pending;
        };
        drop(state);
        // After a reply the subject is clean; after anything else a reply may still come to it.
        self.settled = matches!(answer, Answer::Reply { .. } | Answer::Refused);
        Poll::Ready(answer)
    }

    /// When the call gives up.
    pub(crate) fn end(&self) -> Instant {
        self.mux.timer.at(lock(&self.slot.state).end)
    }

    /// Lends the payload of the reply.
    pub(crate) fn body<T>(&self, read: impl FnOnce(&[u8]) -> T) -> T {
        read(&lock(&self.slot.state).body)
    }

    /// Gives up an answer that isn't there yet, or not all of it, and tells whether that is so. The subject is no other
    /// call's then, because whoever is told of it may hear so late.
    pub(crate) fn give_up(&mut self, is_whole: impl FnOnce(&Answer) -> bool) -> bool {
        let answered = match &lock(&self.slot.state).phase {
            Phase::Done(answer @ Answer::Reply { .. }) => is_whole(answer),
            _ => false,
        };
        self.cancelled |= !answered;
        !answered
    }

    /// Says that nothing was published, so that the slot's subject stays clean.
    pub(crate) fn unsent(&mut self) {
        lock(&self.slot.state).phase = Phase::Free;
        self.settled = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.mux.in_flight.fetch_sub(1, Ordering::Relaxed);
        let CallSlot { index, generation, shard, .. } = *self.slot;
        let mut state = lock(&self.slot.state);
        // An answer that came between the last poll and the drop leaves the subject clean, too.
        let settled = self.settled || matches!(state.phase, Phase::Done(Answer::Reply { .. }));
        let clean = settled && !state.twice && !self.cancelled;
        self.slot.expires.store(u64::MAX, Ordering::SeqCst);
        state.phase = Phase::Free;
        state.waker = None;
        state.target = None;
        if state.body.capacity() > KEPT_BYTES_MAX {
            state.body = Vec::new();
        }
        drop(state);
        let slot = if clean {
            (Arc::clone(&self.slot), mem::replace(&mut self.reply, Stamped::none()))
        } else {
            let fresh = Arc::new(CallSlot::new(index, generation + 1, shard));
            write(&self.mux.slots)[index] = Arc::clone(&fresh);
            (fresh, Stamped::new(&self.mux.prefix, index, generation + 1))
        };
        lock(&self.mux.free[shard]).push(slot);
    }
}

/// Ends the calls whose time has run out by `now`, and tells when the next one's does.
pub(super) fn sweep(mux: &Inner, now: u64) -> u64 {
    let mut next = u64::MAX;
    let mut expired = Vec::new();
    for slot in read(&mux.slots).iter() {
        match slot.expires.load(Ordering::SeqCst) {
            at if at <= now => expired.push(Arc::clone(slot)),
            at => next = next.min(at),
        }
    }
    for slot in expired {
        slot.expire(now);
        next = next.min(slot.expires.load(Ordering::SeqCst));
    }
    next
}

fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static SHARD: Cell<Option<usize>> = const { Cell::new(None) };
    }
    SHARD.with(|mine| {
        mine.get().unwrap_or_else(|| {
            let shard = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            mine.set(Some(shard));
            shard
        })
    })
}
