//! The reply multiplexer: one wildcard inbox for every call and stream of a connection.
//!
//! A call borrows a slot, whose reply subject is used again by the next call until its stamp is no longer true: a
//! fresh subject per call costs the broker 6-18 %. Only a call that ends without its answer retires its slot, since
//! the answer may still come. The reading task puts a reply straight into the slot and wakes the caller; nothing is
//! allocated, no channel is crossed.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::time::Instant;

use crate::base36;
use crate::clock::Clock;
use crate::status::Result;
use crate::subject::{Filter, Subject};
use crate::transport::{Frame, Message, Sink, Transport};

mod slot;
mod stamped;
mod timer;

use slot::CallSlot;
pub(crate) use slot::{Answer, Lease};
use stamped::Stamped;
use timer::Timer;

/// Starts the token of a stream's slot; a call's starts with a lower-case digit of base 36.
const STREAM_MARK: u8 = b'S';

/// Shares the free slots among threads, so that they seldom meet.
const SHARDS: usize = 8;

/// Slots that nobody uses, with their reply subjects.
type Free = Vec<(Arc<CallSlot>, Stamped)>;

/// The reply multiplexer of a connection.
pub struct Mux(Arc<Inner>);

pub(crate) struct Inner {
    /// `_INBOX.<service>.<connection>.`
    prefix: String,
    slots: RwLock<Vec<Arc<CallSlot>>>,
    free: [Mutex<Free>; SHARDS],
    streams: RwLock<HashMap<u64, Arc<dyn Sink>>>,
    streams_made: AtomicU64,
    streams_open: AtomicUsize,
    in_flight: AtomicUsize,
    late: AtomicU64,
    /// Whether a reply may come a second time: what it came to then is no subject for another call.
    twice: AtomicBool,
    timer: Arc<Timer>,
    clock: Clock,
}

impl Mux {
    /// Subscribes to the inbox `_INBOX.<service>.<connection>.>`.
    pub(crate) fn new(transport: &dyn Transport, service: &str, connection: &str) -> Result<Self> {
        let prefix = format!("_INBOX.{service}.{connection}.");
        let filter = Filter::parse(&format!("{prefix}>"))?;
        let inner = Arc::new(Inner {
            prefix,
            slots: RwLock::default(),
            free: std::array::from_fn(|_| Mutex::default()),
            streams: RwLock::default(),
            streams_made: AtomicU64::new(0),
            streams_open: AtomicUsize::new(0),
            in_flight: AtomicUsize::new(0),
            late: AtomicU64::new(0),
            twice: AtomicBool::new(false),
            timer: Timer::start(),
            clock: Clock::default(),
        });
        inner.timer.watch(Arc::downgrade(&inner));
        transport.subscribe(&filter, None, Arc::new(Inbox(Arc::clone(&inner))))?;
        Ok(Self(inner))
    }

    /// Registers an inbox of its own for a stream; dropping the slot unregisters it.
    /// What arrives is delivered one by one: the sink isn't told when there is no more at hand.
    #[must_use]
    pub fn stream(&self, sink: Arc<dyn Sink>) -> StreamSlot {
        let id = self.0.streams_made.fetch_add(1, Ordering::Relaxed);
        let mut subject = self.0.prefix.clone();
        subject.push(char::from(STREAM_MARK));
        base36::write(id, &mut subject);
        write(&self.0.streams).insert(id, sink);
        self.0.streams_open.fetch_add(1, Ordering::Relaxed);
        StreamSlot { id, subject: Subject::checked(subject), mux: Arc::clone(&self.0) }
    }

    /// Unary calls that wait for their answer.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    /// Streams that are registered.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.0.streams_open.load(Ordering::Relaxed)
    }

    /// Slots made for unary calls: as many as were ever in flight at once.
    #[must_use]
    pub fn slots(&self) -> usize {
        read(&self.0.slots).len()
    }

    /// Replies that came after their call had ended.
    #[must_use]
    pub fn late_replies(&self) -> u64 {
        self.0.late.load(Ordering::Relaxed)
    }

    /// Borrows a slot for a unary call that is made now.
    pub(crate) fn lease(&self, now: Instant) -> Lease {
        Lease::new(&self.0, now)
    }

    /// The clock that requests are stamped with.
    pub(crate) fn clock(&self) -> &Clock {
        &self.0.clock
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.timer.stop();
    }
}

impl fmt::Debug for Mux {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mux")
            .field("inbox", &self.0.prefix)
            .field("in_flight", &self.in_flight())
            .field("slots", &self.slots())
            .field("streams", &self.streams())
            .finish()
    }
}

/// The inbox of a stream.
pub struct StreamSlot {
    id: u64,
    subject: Subject,
    mux: Arc<Inner>,
}

impl StreamSlot {
    /// Where messages for the stream go. It is never used again.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let sink = write(&self.mux.streams).remove(&self.id);
        self.mux.streams_open.fetch_sub(1, Ordering::Relaxed);
        drop(sink);
    }
}

impl fmt::Debug for StreamSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamSlot").field(&self.subject).finish()
    }
}

enum Target {
    Call(Arc<CallSlot>),
    Stream(Arc<dyn Sink>),
}

impl Inner {
    /// Whom a reply subject belongs to; `None` when nobody waits there any more.
    fn target(&self, subject: &[u8]) -> Option<Target> {
        let rest = subject.strip_prefix(self.prefix.as_bytes())?;
        let token = rest.split(|byte| *byte == b'.').next()?;
        if let Some(id) = token.strip_prefix(&[STREAM_MARK]) {
            let id = base36::parse(id)?;
            return read(&self.streams).get(&id).cloned().map(Target::Stream);
        }
        let dash = token.iter().position(|byte| *byte == b'-')?;
        let index = usize::try_from(base36::parse(&token[..dash])?).ok()?;
        let slot = read(&self.slots).get(index).cloned()?;
        let generation = base36::parse(&token[dash + 1..])?;
        (slot.generation == generation).then_some(Target::Call(slot))
    }

    fn streams_now(&self) -> Vec<Arc<dyn Sink>> {
        let streams = read(&self.streams);
        let mut ids: Vec<_> = streams.keys().copied().collect();
        ids.sort_unstable();
        ids.iter().filter_map(|id| streams.get(id).cloned()).collect()
    }
}

/// Takes what arrives on the wildcard inbox.
struct Inbox(Arc<Inner>);

impl Inbox {
    fn answer(&self, slot: &CallSlot, frame: &Frame<'_>) {
        if !slot.answer(frame, self.0.twice.load(Ordering::Relaxed)) {
            self.late();
        }
    }

    fn late(&self) {
        self.0.late.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("bb_late_replies_total").increment(1);
    }
}

impl Sink for Inbox {
    fn deliver(&self, message: Message) {
        match self.0.target(&message.subject) {
            Some(Target::Call(slot)) => {
                self.answer(&slot, &message.frame());
            }
            Some(Target::Stream(sink)) => sink.deliver(message),
            None => self.late(),
        }
    }

    fn accept(&self, frame: &Frame<'_>) -> bool {
        match self.0.target(frame.subject) {
            Some(Target::Call(slot)) => {
                self.answer(&slot, frame);
                true
            }
            Some(Target::Stream(_)) => false,
            None => {
                self.late();
                true
            }
        }
    }

    fn disconnected(&self) {
        let slots = read(&self.0.slots).clone();
        for slot in slots {
            slot.disconnected();
        }
        for sink in self.0.streams_now() {
            sink.disconnected();
        }
    }

    fn twice(&self, twice: bool) {
        self.0.twice.store(twice, Ordering::Relaxed);
    }

    fn refused(&self, subject: &str) {
        let slots = read(&self.0.slots).clone();
        for slot in slots {
            slot.refused(subject);
        }
        for sink in self.0.streams_now() {
            sink.refused(subject);
        }
    }
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T: ?Sized>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T: ?Sized>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
