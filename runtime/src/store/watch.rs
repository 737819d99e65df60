//! A store being watched.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, Stream, StreamExt};
use prost::{Message, Name};

use super::{Entry, Store};
use crate::durable::Record;
use crate::status::Result;

/// What a watch sees.
#[derive(Debug, Clone, PartialEq)]
pub enum Change<T> {
    /// A key was there, or has been written.
    Put(Entry<T>),
    /// A key has been deleted.
    Deleted {
        /// The key.
        key: String,
        /// Revision of the deletion.
        revision: u64,
    },
    /// Everything that was there when the watch began has been seen; what follows is news. Comes once.
    Current,
}

/// The changes of a store, without end. An entry that doesn't decode is an error; the next one goes on.
pub struct Watch<T> {
    store: Store<T>,
    /// Records still to come that were there at the beginning; `None` once all have.
    pending: Option<u64>,
    ready: VecDeque<Result<Change<T>>>,
    records: BoxStream<'static, Result<Record>>,
}

impl<T: Message + Default + Name> Watch<T> {
    pub(super) fn new(
        store: Store<T>,
        pending: u64,
        records: BoxStream<'static, Result<Record>>,
    ) -> Self {
        let mut watch = Self { store, pending: Some(pending), ready: VecDeque::new(), records };
        watch.settle(pending);
        watch
    }

    /// The next change; `None` only after an error that ended the watch.
    pub async fn next(&mut self) -> Option<Result<Change<T>>> {
        StreamExt::next(self).await
    }

    fn see(&mut self, record: Result<Record>) {
        let record = match record {
            Ok(record) => record,
            Err(status) => return self.ready.push_back(Err(status)),
        };
        let Record { key, revision, pending, .. } = &record;
        let (deleted, left) = (Change::Deleted { key: key.clone(), revision: *revision }, *pending);
        let entry = self.store.entry(record);
        self.ready.push_back(entry.map(|entry| entry.map_or(deleted, Change::Put)));
        if let Some(pending) = self.pending {
            self.settle(left.min(pending.saturating_sub(1)));
        }
    }

    /// Notes how much of what was there is still to come.
    fn settle(&mut self, pending: u64) {
        self.pending = Some(pending).filter(|pending| *pending > 0);
        if self.pending.is_none() {
            self.ready.push_back(Ok(Change::Current));
        }
    }
}

// Nothing in it is pinned in place.
impl<T> Unpin for Watch<T> {}

impl<T: Message + Default + Name> Stream for Watch<T> {
    type Item = Result<Change<T>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let watch = self.get_mut();
        loop {
            if let Some(ready) = watch.ready.pop_front() {
                return Poll::Ready(Some(ready));
            }
            match watch.records.poll_next_unpin(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Ready(Some(record)) => watch.see(record),
            }
        }
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("store", &self.store).finish_non_exhaustive()
    }
}
