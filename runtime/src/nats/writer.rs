//! The write buffer and who empties it.
//!
//! Publishing encodes straight into the buffer. Then either the caller writes it, which is the shortest way while
//! little is going on; or one task, the flusher, is told once, lets everybody who is ready publish first, and writes
//! it all in one system call; or nobody does until [`Writer::push`].

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::status::{Executed, Result, Status};
use crate::transport::{Flush, Outgoing};
use crate::wire::encode;

mod beside;
mod buffer;
mod flusher;
mod marks;

pub(super) use beside::Word;
use buffer::Buffer;
pub(super) use flusher::{Half, flush_until_closed};

/// Where a full buffer counts as having room again.
const ROOM_BYTES: usize = 1024 * 1024;

/// The write buffer of a connection.
pub(super) struct Writer {
    /// Takes what is published.
    buffer: Mutex<Buffer>,
    /// The other connection's, while one takes over from another: the next one's at first, then the last one's.
    /// Locked after the first.
    beside: Mutex<Option<Buffer>>,
    /// Whether a connection is up: to be asked without waiting for who writes.
    is_up: AtomicBool,
    limit: usize,
    room: Notify,
}

impl Writer {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            buffer: Mutex::default(),
            beside: Mutex::default(),
            is_up: AtomicBool::new(false),
            limit,
            room: Notify::new(),
        }
    }

    /// Encodes a message into the buffer.
    pub(super) fn publish(&self, message: &Outgoing<'_>, size: usize) -> Result<()> {
        let mut buffer = self.lock();
        if !buffer.open {
            return Err(disconnected());
        }
        // A message that is larger than the limit passes when it is alone.
        if buffer.bytes.len() + size > self.limit && !buffer.bytes.is_empty() {
            drop(buffer);
            metrics::counter!("bb_write_buffer_full_total").increment(1);
            return Err(Status::resource_exhausted(
                "the connection's write buffer is full: the server reads more slowly than we write",
            )
            .with_executed(Executed::No));
        }
        if message.flush == Flush::Idly {
            buffer.linger(message);
            return Ok(());
        }
        let start = buffer.bytes.len();
        encode::publish(&mut buffer.bytes, message);
        if let Some(expires) = message.expires {
            let end = buffer.bytes.len();
            buffer.marks.add(start, end, expires);
        }
        match message.flush {
            Flush::Now => self.write(buffer),
            Flush::Soon => buffer.tell(),
            Flush::Later | Flush::Idly => {}
        }
        Ok(())
    }

    /// Writes what was gathered.
    pub(super) fn push(&self) {
        let buffer = self.lock();
        if !buffer.bytes.is_empty() {
            self.write(buffer);
        }
    }

    pub(super) fn subscribe(&self, filter: &str, queue_group: Option<&str>, id: u64) {
        let mut buffer = self.lock();
        if buffer.open {
            encode::subscribe(&mut buffer.bytes, filter, queue_group, id);
            buffer.tell();
        }
    }

    pub(super) fn unsubscribe(&self, id: u64) -> Fence {
        let mut buffer = self.lock();
        if buffer.open {
            encode::unsubscribe(&mut buffer.bytes, id);
        }
        buffer.ping()
    }

    /// Answers a PING of the server.
    pub(super) fn pong(&self, number: u64) {
        self.of(number, |buffer| {
            encode::pong(&mut buffer.bytes);
            buffer.tell();
        });
    }

    /// Asks for a PONG behind everything published so far.
    pub(super) fn fence(&self) -> Fence {
        self.lock().ping()
    }

    /// Asks for a PONG of one connection.
    pub(super) fn fence_of(&self, number: u64) -> Fence {
        self.of(number, Buffer::ping).unwrap_or(Fence(None))
    }

    /// Takes a PONG.
    pub(super) fn ponged(&self, number: u64) {
        self.of(number, Buffer::ponged);
    }

    /// Completes when there is room.
    pub(super) async fn writable(&self) {
        loop {
            let woken = self.room.notified();
            {
                let buffer = self.lock();
                if !buffer.open || buffer.bytes.len() < ROOM_BYTES {
                    return;
                }
            }
            woken.await;
        }
    }

    /// Whether a connection is up.
    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// Notes that the connection is up, with all its subscriptions.
    pub(super) fn up(&self) {
        self.is_up.store(true, Ordering::Relaxed);
    }

    /// Starts on a new connection, with these words before anything else. `direct` lets callers write; `broken` is
    /// cancelled when a write fails.
    pub(super) fn open(
        &self,
        number: u64,
        direct: Option<Arc<OwnedWriteHalf>>,
        broken: CancellationToken,
        words: &mut dyn Iterator<Item = Word<'_>>,
    ) {
        *self.lock() = Buffer::open(number, direct, broken, words);
    }

    /// Ends with the connection: what wasn't written never will be.
    pub(super) fn close(&self) {
        self.is_up.store(false, Ordering::Relaxed);
        let dropped = std::mem::take(&mut *self.lock());
        self.room.notify_waiters();
        drop(dropped);
    }

    /// Writes as much as the socket takes now, on the caller's task, unless somebody else is writing.
    fn write(&self, mut buffer: MutexGuard<'_, Buffer>) {
        if buffer.writing {
            // Whoever writes looks again when it is done.
            return;
        }
        let Some(half) = buffer.direct.clone() else {
            return buffer.tell();
        };
        let number = buffer.number;
        let batch = buffer.take();
        drop(buffer);
        let written = half.try_write(&batch.bytes);
        self.of(number, |buffer| buffer.tried(batch, written));
    }

    /// Does something with the buffer of one connection, if it is still there.
    fn of<T>(&self, number: u64, what: impl FnOnce(&mut Buffer) -> T) -> Option<T> {
        let mut buffer = self.lock();
        if buffer.number == number {
            return Some(what(&mut buffer));
        }
        self.beside().as_mut().filter(|beside| beside.number == number).map(what)
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beside(&self) -> MutexGuard<'_, Option<Buffer>> {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A PING on its way; its PONG comes when the server has processed everything before it.
pub(super) struct Fence(Option<oneshot::Receiver<()>>);

impl Fence {
    /// Waits for the PONG.
    pub(super) async fn wait(self) -> Result<()> {
        match self.0 {
            Some(fence) => fence.await.map_err(|_| disconnected()),
            None => Err(disconnected()),
        }
    }
}

fn disconnected() -> Status {
    Status::unavailable("not connected to a NATS server").with_executed(Executed::No)
}
