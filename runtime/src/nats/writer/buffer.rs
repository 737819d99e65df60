//! What one connection has still to write.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::marks::Marks;
use super::{Fence, Word};
use crate::transport::Outgoing;
use crate::wire::encode;

/// Largest buffer that is kept when it is empty.
const KEPT_BYTES_MAX: usize = 1024 * 1024;

/// What one connection has still to write.
#[derive(Default)]
pub(super) struct Buffer {
    /// Number of the connection, so that a writer that comes back late doesn't touch another one's buffer.
    pub(super) number: u64,
    pub(super) open: bool,
    pub(super) bytes: Vec<u8>,
    pub(super) marks: Marks,
    /// What nobody waits for.
    idle: Vec<u8>,
    /// An empty buffer to swap with.
    spare: Vec<u8>,
    /// Whether somebody holds a batch that isn't written yet, or nothing may be written yet.
    pub(super) writing: bool,
    /// Whether the flusher has been told to write.
    pub(super) told: bool,
    /// What a caller could not write all of: for the flusher.
    pub(super) stuck: Option<Batch>,
    pings: VecDeque<oneshot::Sender<()>>,
    pub(super) direct: Option<Arc<OwnedWriteHalf>>,
    bell: Arc<Bell>,
    broken: CancellationToken,
}

/// Wakes the flusher of a connection.
#[derive(Default)]
pub(super) struct Bell {
    /// There is something to write.
    pub(super) wake: Notify,
    /// There is something that may wait for a while.
    pub(super) linger: Notify,
}

/// Bytes on their way to the socket.
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) written: usize,
    pub(super) marks: Marks,
}

impl Buffer {
    /// Opens the buffer of a connection with what it is to say first. `direct` lets callers write; `broken` is cancelled
    /// when a write fails.
    pub(super) fn open(
        number: u64,
        direct: Option<Arc<OwnedWriteHalf>>,
        broken: CancellationToken,
        words: &mut dyn Iterator<Item = Word<'_>>,
    ) -> Self {
        let mut buffer = Self { number, open: true, direct, broken, ..Self::default() };
        words.for_each(|word| word.encode(&mut buffer.bytes));
        buffer.tell();
        buffer
    }

    pub(super) fn bell(&self) -> Arc<Bell> {
        Arc::clone(&self.bell)
    }

    /// Asks for a PONG behind everything before.
    pub(super) fn ping(&mut self) -> Fence {
        if !self.open {
            return Fence(None);
        }
        let (passed, fence) = oneshot::channel();
        self.gather();
        encode::ping(&mut self.bytes);
        self.pings.push_back(passed);
        self.tell();
        Fence(Some(fence))
    }

    /// Takes a PONG, which answers the oldest PING.
    pub(super) fn ponged(&mut self) {
        if let Some(waiting) = self.pings.pop_front() {
            // Nobody waits for the keep-alive that was given up.
            let _ = waiting.send(());
        }
    }

    /// Takes a message that nobody waits for, and tells the flusher of the first one.
    pub(super) fn linger(&mut self, message: &Outgoing<'_>) {
        if self.idle.is_empty() {
            self.bell.linger.notify_one();
        }
        encode::publish(&mut self.idle, message);
    }

    /// Lets what nobody waits for leave with the rest.
    pub(super) fn gather(&mut self) {
        self.bytes.append(&mut self.idle);
    }

    /// Tells the flusher, once.
    pub(super) fn tell(&mut self) {
        if !self.told && !self.writing {
            self.told = true;
            self.bell.wake.notify_one();
        }
    }

    /// Takes everything, to be written outside the lock.
    pub(super) fn take(&mut self) -> Batch {
        self.writing = true;
        let bytes = std::mem::replace(&mut self.bytes, std::mem::take(&mut self.spare));
        Batch { bytes, written: 0, marks: self.marks.take() }
    }

    /// Notes what became of a batch that a caller has tried to write.
    pub(super) fn tried(&mut self, mut batch: Batch, written: io::Result<usize>) {
        match written {
            Ok(count) if count == batch.bytes.len() => {
                self.give_back(batch.bytes);
                if !self.bytes.is_empty() {
                    self.tell();
                }
            }
            Ok(count) => {
                batch.written = count;
                self.stuck = Some(batch);
                self.bell.wake.notify_one();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.stuck = Some(batch);
                self.bell.wake.notify_one();
            }
            Err(_) => self.broken.cancel(),
        }
    }

    /// Takes the room of a batch that was written.
    pub(super) fn give_back(&mut self, mut bytes: Vec<u8>) {
        self.writing = false;
        if bytes.capacity() <= KEPT_BYTES_MAX {
            bytes.clear();
            self.spare = bytes;
        }
    }

    /// Keeps what is published from being written; `false` when something is on its way just now.
    pub(super) fn hold(&mut self) -> bool {
        let idle = !self.writing && self.bytes.is_empty();
        self.writing |= idle;
        idle
    }

    /// Lets what was held be written.
    pub(super) fn release(&mut self) {
        self.writing = false;
        if !self.bytes.is_empty() {
            self.tell();
        }
    }
}
