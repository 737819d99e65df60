//! A second connection beside the one that is published to, which takes over from it.

use std::sync::Arc;

use tokio::net::tcp::OwnedWriteHalf;
use tokio_util::sync::CancellationToken;

use super::buffer::Buffer;
use super::{Fence, Writer};
use crate::wire::encode;

/// What a connection is told of a subscription.
pub(in crate::nats) enum Word<'a> {
    Subscribe { filter: &'a str, queue_group: Option<&'a str>, id: u64 },
    Unsubscribe(u64),
}

impl Writer {
    /// Opens a connection beside the one that is published to, with these words before anything else.
    pub(in crate::nats) fn open_beside(
        &self,
        number: u64,
        direct: Option<Arc<OwnedWriteHalf>>,
        broken: CancellationToken,
        words: &mut dyn Iterator<Item = Word<'_>>,
    ) {
        *self.beside() = Some(Buffer::open(number, direct, broken, words));
    }

    /// Ends with the connection beside.
    pub(in crate::nats) fn close_beside(&self) {
        drop(self.beside().take());
    }

    /// Tells one connection something.
    pub(in crate::nats) fn say<'a>(&self, number: u64, words: impl Iterator<Item = Word<'a>>) {
        self.of(number, |buffer| {
            words.for_each(|word| word.encode(&mut buffer.bytes));
            buffer.tell();
        });
    }

    /// Lets the connection beside take over, with these words before anything else. What is published from now on
    /// waits for [`Writer::release`]; the fence passes when everything before has been processed. `None` while
    /// something is being written to the connection beside: try again.
    pub(in crate::nats) fn swap<'a>(&self, words: impl Iterator<Item = Word<'a>>) -> Option<Fence> {
        let mut buffer = self.lock();
        let mut beside = self.beside();
        let next = beside.as_mut()?;
        if !next.hold() {
            return None;
        }
        words.for_each(|word| word.encode(&mut next.bytes));
        std::mem::swap(&mut *buffer, next);
        // There is room at once, whatever becomes of what the last one has still to write.
        self.room.notify_waiters();
        let last = next;
        Some(last.ping())
    }

    /// Lets what is published be written again.
    pub(in crate::nats) fn release(&self, number: u64) {
        self.of(number, Buffer::release);
    }

    /// Puts the connection beside in the place of the one that was published to, which has ended, with these words
    /// before what is published from now on.
    pub(in crate::nats) fn replace<'a>(&self, words: impl Iterator<Item = Word<'a>>) {
        let mut buffer = self.lock();
        let Some(mut next) = self.beside().take() else { return };
        words.for_each(|word| word.encode(&mut next.bytes));
        next.tell();
        let dropped = std::mem::replace(&mut *buffer, next);
        drop(buffer);
        self.room.notify_waiters();
        drop(dropped);
    }
}

impl Word<'_> {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Subscribe { filter, queue_group, id } => {
                encode::subscribe(out, filter, queue_group, id);
            }
            Self::Unsubscribe(id) => encode::unsubscribe(out, id),
        }
    }
}
