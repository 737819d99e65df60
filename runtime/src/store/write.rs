//! Writing to a store: one key, or several in one step.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use prost::{Message, Name};

use super::{Store, encode};
use crate::durable::{Bucket, Expect, Write};
use crate::event::Event;
use crate::outbox::Outgoing;
use crate::status::Result;
use crate::transport::BoxFuture;

/// A write of one key that happens when it is awaited, and then tells the revision.
#[derive(Debug, Clone)]
#[must_use = "nothing is written before it is awaited"]
pub struct Writing {
    bucket: Bucket,
    has_outbox: bool,
    write: Write,
    outgoing: Outgoing,
}

impl Writing {
    pub(super) fn new(bucket: &Bucket, has_outbox: bool, write: Write) -> Self {
        Self { bucket: bucket.clone(), has_outbox, write, outgoing: Outgoing::default() }
    }

    /// Publishes an event if, and only if, the write happens; soon after, and behind what was published with earlier
    /// writes of the key. The store must have been opened with its outbox.
    pub fn and_publish<E: Event>(mut self, event: &E) -> Self {
        self.outgoing.publish(event);
        self
    }

    pub(super) fn and_publish_all(self, outgoing: Outgoing) -> Self {
        Self { outgoing, ..self }
    }

    /// Lets go of the value after a time: whole seconds, rounded up. Watches don't hear of that end, a bucket whose
    /// writes are events has none for it, and earlier revisions of the key are given up at once.
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.write.expires_in = Some(time);
        self
    }
}

impl IntoFuture for Writing {
    type Output = Result<u64>;
    type IntoFuture = BoxFuture<'static, Result<u64>>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { bucket, has_outbox, write, outgoing } = self;
        Box::pin(async move {
            let rows = outgoing.rows(&bucket, &write.key, has_outbox)?;
            bucket.write_one_beside(write, rows).await
        })
    }
}

/// Writes of several keys of a store that happen in one step: all of them, or none. At most
/// [`BATCH_MAX`](crate::durable::BATCH_MAX), with what they change in indexes, and no key twice.
#[must_use = "nothing is written before it is committed"]
pub struct Batch<T> {
    store: Store<T>,
    writes: Vec<Write>,
    /// Events, with the key that each follows.
    outgoing: Vec<(String, Outgoing)>,
}

impl<T: Message + Default + Name> Store<T> {
    /// Begins to write several keys in one step.
    pub fn batch(&self) -> Batch<T> {
        Batch { store: self.clone(), writes: Vec::new(), outgoing: Vec::new() }
    }
}

impl<T: Message> Batch<T> {
    /// Writes a key that isn't there.
    pub fn create(self, key: impl Into<String>, value: &T) -> Self {
        self.with(Write::create(key, encode(value)))
    }

    /// Writes a key whose revision is still the one given.
    pub fn update(self, key: impl Into<String>, value: &T, revision: u64) -> Self {
        self.with(Write::update(key, encode(value), revision))
    }

    /// Writes a key whatever is there.
    pub fn put(self, key: impl Into<String>, value: &T) -> Self {
        self.with(Write::put(key, encode(value)))
    }

    /// Deletes a key whose revision is still the one given.
    pub fn delete(self, key: impl Into<String>, revision: u64) -> Self {
        self.with(Write { expect: Expect::Revision(revision), ..Write::delete(key) })
    }

    /// Deletes a key whatever is there.
    pub fn remove(self, key: impl Into<String>) -> Self {
        self.with(Write::delete(key))
    }

    /// Publishes an event if, and only if, the step happens, behind what was published with earlier writes of the key that was
    /// named last. It counts as one of the writes. The store must have been opened with its outbox.
    pub fn and_publish<E: Event>(mut self, event: &E) -> Self {
        let mut outgoing = Outgoing::default();
        outgoing.publish(event);
        let key = self.writes.last().map(|write| write.key.clone()).unwrap_or_default();
        self.outgoing.push((key, outgoing));
        self
    }

    /// Writes everything, and tells the revision of each key in the order of the calls. Without any, nothing is sent.
    ///
    /// # Errors
    /// With a [`RevisionConflict`](crate::durable::RevisionConflict) that names the key: `ALREADY_EXISTS` when one
    /// that was to be created is there, `ABORTED` when one has another revision. `INVALID_ARGUMENT` when there are too many
    /// writes, or two of one key. `UNKNOWN_OUTCOME` when nobody can know; it is still all or none. `FAILED_PRECONDITION` when
    /// the server is older than 2.12, or the bucket was provisioned for an older release and not since.
    pub async fn commit(self) -> Result<Vec<u64>> {
        let Self { store, writes, outgoing } = self;
        let mut rows = Vec::new();
        for (key, outgoing) in outgoing {
            rows.extend(outgoing.rows(&store.bucket, &key, store.has_outbox)?);
        }
        store.bucket.write_beside(&writes, rows).await
    }

    fn with(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }
}

impl<T> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, writes, outgoing } = self;
        let keys: Vec<_> = writes.iter().map(|write| &write.key).collect();
        let mut batch = f.debug_struct("Batch");
        batch.field("store", store).field("keys", &keys).field("outgoing", outgoing).finish()
    }
}
