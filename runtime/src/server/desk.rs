//! Where requests come in: one of the strands of a connection.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::connection::Connection;

/// How many requests in a row must have come one at a time before the next counts as alone. Some calls at once come
/// one at a time now and then, too, and their answers are better kept together.
const ALONE_STREAK: usize = 32;

/// One of the strands that a service is reached over.
pub(super) struct Desk {
    /// The connection over this strand: what a request leads to goes over it, too.
    pub(super) connection: Connection,
    /// Requests that were read since the reading task was last idle.
    batch: AtomicUsize,
    /// How many times in a row just one request was read.
    alone: AtomicUsize,
}

impl Desk {
    /// One for each strand, in their order.
    pub(super) fn of(connection: &Connection) -> Box<[Self]> {
        let each = 0..connection.strands().len();
        each.map(|strand| Self {
            connection: connection.over_strand(strand),
            batch: AtomicUsize::new(0),
            alone: AtomicUsize::new(0),
        })
        .collect()
    }

    /// Takes a request that is read now. Tells whether it comes alone, as far as is known.
    pub(super) fn read(&self) -> bool {
        let earlier = self.batch.fetch_add(1, Ordering::Relaxed);
        earlier == 0 && self.alone.load(Ordering::Relaxed) >= ALONE_STREAK
    }

    /// Writes what was answered, now that no more requests are at hand.
    pub(super) fn idle(&self) {
        match self.batch.swap(0, Ordering::Relaxed) {
            // Another method's turn came first in this batch.
            0 => return,
            1 => drop(self.alone.fetch_add(1, Ordering::Relaxed)),
            _ => self.alone.store(0, Ordering::Relaxed),
        }
        self.connection.tx().push();
        self.connection.rx().push();
    }
}
