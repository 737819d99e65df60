//! A store being watched.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::stream::{BoxStream, Stream, StreamExt};
use prost::{Message, Name};

use super::{Entry, Store};
use crate::durable::Seen;
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
    /// Everything that was there when the watch began, and still is, has been seen; what follows is news. Comes once.
    Current,
}

/// The changes of a store, without end. An entry that doesn't decode is an error; the next one goes on.
pub struct Watch<T> {
    store: Store<T>,
    seen: BoxStream<'static, Result<Seen>>,
}

impl<T: Message + Default + Name> Watch<T> {
    pub(super) fn new(store: Store<T>, seen: BoxStream<'static, Result<Seen>>) -> Self {
        Self { store, seen }
    }

    /// The next change; `None` only after an error that ended the watch.
    pub async fn next(&mut self) -> Option<Result<Change<T>>> {
        StreamExt::next(self).await
    }

    fn change(&self, seen: Seen) -> Result<Change<T>> {
        let Seen::Record(record) = seen else { return Ok(Change::Current) };
        let deleted = Change::Deleted { key: record.key.clone(), revision: record.revision };
        Ok(self.store.entry(record)?.map_or(deleted, Change::Put))
    }
}

// Nothing in it is pinned in place.
impl<T> Unpin for Watch<T> {}

impl<T: Message + Default + Name> Stream for Watch<T> {
    type Item = Result<Change<T>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let watch = self.get_mut();
        let seen = ready!(watch.seen.poll_next_unpin(cx));
        Poll::Ready(seen.map(|seen| watch.change(seen?)))
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("store", &self.store).finish_non_exhaustive()
    }
}
