//! Writing to a store: one key, or several in one step.

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use prost::{Message, Name};

use super::{Store, encode};
use crate::durable::{Bucket, Expect, Write};
use crate::status::Result;
use crate::transport::BoxFuture;

/// A write of one key that happens when it is awaited, and then tells the revision.
#[derive(Debug, Clone)]
#[must_use = "nothing is written before it is awaited"]
pub struct Writing {
    bucket: Bucket,
    write: Write,
}

impl Writing {
    pub(super) fn new(bucket: &Bucket, write: Write) -> Self {
        Self { bucket: bucket.clone(), write }
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
        Box::pin(async move { self.bucket.write(self.write).await })
    }
}

/// Writes of several keys of a store that happen in one step: all of them, or none. At most
/// [`BATCH_MAX`](crate::durable::BATCH_MAX), and no key twice.
#[must_use = "nothing is written before it is committed"]
pub struct Batch<T> {
    store: Store<T>,
    writes: Vec<Write>,
}

impl<T: Message + Default + Name> Store<T> {
    /// Begins to write several keys in one step.
    pub fn batch(&self) -> Batch<T> {
        Batch { store: self.clone(), writes: Vec::new() }
    }
}

impl<T: Message> Batch<T> {
    /// Writes a key that isn't there.
    pub fn create(self, key: impl Into<String>, value: &T) -> Self {
        let write = Write { expect: Expect::Absent, ..Write::put(key, encode(value)) };
        self.with(write)
    }

    /// Writes a key whose revision is still the one given.
    pub fn update(self, key: impl Into<String>, value: &T, revision: u64) -> Self {
        let write = Write::put(key, encode(value));
        self.with(Write { expect: Expect::Revision(revision), ..write })
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

    /// Writes everything, and tells the revision of each key in the order of the calls. Without any, nothing is sent.
    ///
    /// # Errors
    /// With a [`RevisionConflict`](crate::durable::RevisionConflict) that names the key: `ALREADY_EXISTS` when one
    /// that was to be created is there, `ABORTED` when one has another revision. `INVALID_ARGUMENT` when there are too many
    /// writes, or two of one key. `UNKNOWN_OUTCOME` when nobody can know; it is still all or none. `FAILED_PRECONDITION` when
    /// the server is older than 2.12, or the bucket was provisioned for an older release and not since.
    pub async fn commit(self) -> Result<Vec<u64>> {
        self.store.bucket.write_all(self.writes).await
    }

    fn with(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }
}

impl<T> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.writes.iter().map(|write| &write.key).collect();
        f.debug_struct("Batch").field("store", &self.store).field("keys", &keys).finish()
    }
}
