//! The write buffer and who empties it.
//!
//! Publishing encodes straight into the buffer. Then either the caller writes it, which is the shortest way while
//! little is going on; or one task, the flusher, is told once, lets everybody who is ready publish first, and writes
//! it all in one system call; or nobody does until [`Writer::push`].

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use crate::status::{Executed, Result, Status};
use crate::transport::{Flush, Outgoing};
use crate::wire::encode;

mod flusher;
mod marks;

pub(super) use flusher::{Half, flush_until_closed};
use marks::Marks;

/// Where a full buffer counts as having room again.
const ROOM_BYTES: usize = 1024 * 1024;

/// Largest buffer that is kept when it is empty.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// The write buffer of a connection.
pub(super) struct Writer {
    buffer: Mutex<Buffer>,
    limit: usize,
    wake: Arc<Notify>,
    linger: Notify,
    room: Notify,
}

#[derive(Default)]
struct Buffer {
    /// Counts connections, so that a writer that comes back late doesn't touch the next one's buffer.
    epoch: u64,
    open: bool,
    bytes: Vec<u8>,
    marks: Marks,
    /// An empty buffer to swap with.
    spare: Vec<u8>,
    /// Whether somebody holds a batch that isn't written yet.
    writing: bool,
    told: Told,
    /// What a caller could not write all of: for the flusher.
    stuck: Option<Batch>,
    pings: VecDeque<oneshot::Sender<()>>,
    direct: Option<Arc<OwnedWriteHalf>>,
    broken: CancellationToken,
}

/// What the flusher has been told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Told {
    #[default]
    Nothing,
    /// To look in a while.
    InAWhile,
    /// To write.
    AtOnce,
}

/// Bytes on their way to the socket.
struct Batch {
    bytes: Vec<u8>,
    written: usize,
    marks: Marks,
}

impl Writer {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            buffer: Mutex::default(),
            limit,
            wake: Arc::new(Notify::new()),
            linger: Notify::new(),
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
        let start = buffer.bytes.len();
        encode::publish(&mut buffer.bytes, message);
        if let Some(expires) = message.expires {
            let end = buffer.bytes.len();
            buffer.marks.add(start, end, expires);
        }
        match message.flush {
            Flush::Now => self.write(buffer),
            Flush::Soon => self.tell(&mut buffer),
            Flush::Later => {}
            Flush::Idly => self.linger(&mut buffer),
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
            self.tell(&mut buffer);
        }
    }

    pub(super) fn unsubscribe(&self, id: u64) -> Fence {
        let mut buffer = self.lock();
        if buffer.open {
            encode::unsubscribe(&mut buffer.bytes, id);
        }
        self.ping(&mut buffer)
    }

    pub(super) fn pong(&self) {
        let mut buffer = self.lock();
        if buffer.open {
            encode::pong(&mut buffer.bytes);
            self.tell(&mut buffer);
        }
    }

    /// Asks for a PONG behind everything published so far.
    pub(super) fn fence(&self) -> Fence {
        self.ping(&mut self.lock())
    }

    fn ping(&self, buffer: &mut Buffer) -> Fence {
        if !buffer.open {
            return Fence(None);
        }
        let (passed, fence) = oneshot::channel();
        encode::ping(&mut buffer.bytes);
        buffer.pings.push_back(passed);
        self.tell(buffer);
        Fence(Some(fence))
    }

    /// Takes a PONG, which answers the oldest PING.
    pub(super) fn ponged(&self) {
        let waiting = self.lock().pings.pop_front();
        if let Some(waiting) = waiting {
            // Nobody waits for the keep-alive that was given up.
            let _ = waiting.send(());
        }
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

    /// Starts on a new connection. `direct` lets callers write; `broken` is cancelled when a write fails.
    pub(super) fn open(&self, direct: Option<Arc<OwnedWriteHalf>>, broken: CancellationToken) {
        let mut buffer = self.lock();
        let epoch = buffer.epoch + 1;
        *buffer = Buffer { epoch, open: true, direct, broken, ..Buffer::default() };
    }

    /// Ends with the connection: what wasn't written never will be.
    pub(super) fn close(&self) {
        let mut buffer = self.lock();
        let epoch = buffer.epoch + 1;
        let dropped = std::mem::replace(&mut *buffer, Buffer { epoch, ..Buffer::default() });
        drop(buffer);
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
            return self.tell(&mut buffer);
        };
        let epoch = buffer.epoch;
        let mut batch = buffer.take();
        drop(buffer);
        let written = half.try_write(&batch.bytes);
        let mut buffer = self.lock();
        if buffer.epoch != epoch {
            return;
        }
        match written {
            Ok(count) if count == batch.bytes.len() => {
                buffer.give_back(batch.bytes);
                if !buffer.bytes.is_empty() {
                    self.tell(&mut buffer);
                }
            }
            Ok(count) => {
                batch.written = count;
                buffer.stuck = Some(batch);
                self.wake.notify_one();
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                buffer.stuck = Some(batch);
                self.wake.notify_one();
            }
            Err(_) => buffer.broken.cancel(),
        }
    }

    /// Tells the flusher, once, to look in a while.
    fn linger(&self, buffer: &mut Buffer) {
        if buffer.told == Told::Nothing && !buffer.writing {
            buffer.told = Told::InAWhile;
            self.linger.notify_one();
        }
    }

    /// Tells the flusher, once.
    fn tell(&self, buffer: &mut Buffer) {
        if buffer.told != Told::AtOnce && !buffer.writing {
            buffer.told = Told::AtOnce;
            self.wake.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Buffer {
    /// Takes everything, to be written outside the lock.
    fn take(&mut self) -> Batch {
        self.writing = true;
        let bytes = std::mem::replace(&mut self.bytes, std::mem::take(&mut self.spare));
        Batch { bytes, written: 0, marks: self.marks.take() }
    }

    /// Takes the room of a batch that was written.
    fn give_back(&mut self, mut bytes: Vec<u8>) {
        self.writing = false;
        if bytes.capacity() <= KEPT_BYTES_MAX {
            bytes.clear();
            self.spare = bytes;
        }
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
