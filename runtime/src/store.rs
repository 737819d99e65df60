//! Typed key-value stores with compare-and-set and watch.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use prost::{Message, Name};

use crate::durable::{Bucket, Durable, Expect, Record, Start, Write};
use crate::outbox::refused;
use crate::seal::Protection;
use crate::status::{Result, Status};

mod follow;
mod index;
mod list;
mod migrations;
mod modify;
mod opening;
mod watch;
mod write;

pub use crate::durable::Migrated;
pub use crate::outbox::Outgoing;
pub use crate::outbox::refused::RefusedEvent;
use follow::Indexed;
pub use index::{Index, Unique};
pub use list::{List, Page};
pub use migrations::Migrations;
pub use opening::Opening;
pub use watch::{Change, Watch};
pub use write::{Batch, Writing};

/// A key-value bucket whose values are messages of one type. Cheap to clone.
///
/// Any text is a key. A write that is acknowledged happens once, even if its acknowledgement is lost on the way, and is
/// seen by every later read: without exception by [`Store::get_linearizable`]. Any other read is answered by the server
/// that leads the bucket, and one that is cut off from the others, or was suspended, may show what was there before for
/// the seconds until it knows; compare-and-set is never deceived by it.
pub struct Store<T> {
    bucket: Bucket,
    /// Whether somebody publishes events that are written with values.
    has_outbox: bool,
    /// Whether values have their entries, where somebody sees to it.
    indexed: Option<Indexed>,
    value: PhantomData<fn() -> T>,
}

/// A value with what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<T> {
    /// The key.
    pub key: String,
    /// The value.
    pub value: T,
    /// Revision, for compare-and-set. Revisions grow across the whole store.
    pub revision: u64,
    /// When it was written.
    pub time: SystemTime,
}

/// A past value of a key, or its deletion.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision<T> {
    /// The value; `None` when the key was deleted.
    pub value: Option<T>,
    /// The revision.
    pub revision: u64,
    /// When it was written.
    pub time: SystemTime,
}

impl<T: Message + Default + Name> Store<T> {
    /// Opens the store of a bucket whose values have no sensitive fields. Nothing is sent.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the bucket holds messages of another type; `FAILED_PRECONDITION` when nothing says what becomes of
    /// its values of earlier versions.
    pub fn open(durable: &Arc<dyn Durable>, bucket: impl Opening<T>) -> Result<Self> {
        Self::protected(durable, bucket, &Protection::default())
    }

    /// The same of any bucket, with what seals sensitive fields and opens them.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn protected(
        durable: &Arc<dyn Durable>,
        bucket: impl Opening<T>,
        protection: &Protection,
    ) -> Result<Self> {
        let spec = bucket.bucket();
        if spec.value != T::full_name() {
            return Err(Status::invalid_argument(format!(
                "bucket {} holds {}, not {}",
                spec.name,
                spec.value,
                T::full_name()
            )));
        }
        let steps = bucket.migrations().steps(spec)?;
        let bucket = Bucket::new(Arc::clone(durable), spec).protected(spec.sealed, protection);
        let bucket = bucket.with_steps(steps);
        Ok(Self { bucket, has_outbox: false, indexed: None, value: PhantomData })
    }

    /// The same, for one who sees to it that events are published.
    pub(crate) fn with_outbox(self) -> Self {
        Self { has_outbox: true, ..self }
    }

    /// The same, with the name of who reads, which is told where a value is of a version that is read by others only.
    pub(crate) fn read_by(self, reader: &str) -> Self {
        Self { bucket: self.bucket.read_by(reader), ..self }
    }

    /// Reads a key; `None` when it isn't there. While a cluster is disturbed, the value may be one that was replaced
    /// some seconds ago; a compare-and-set that builds on it is never accepted.
    ///
    /// # Errors
    /// `DATA_LOSS` when the stored bytes aren't a `T`, and nothing makes one of them; `FAILED_PRECONDITION` when they are of a
    /// version that only others read. It is the same wherever values are read.
    pub async fn get(&self, key: &str) -> Result<Option<Entry<T>>> {
        self.bucket.get(key).await?.and_then(|record| self.entry(record).transpose()).transpose()
    }

    /// Reads a key as it is now: the value is not older than the last write that was acknowledged before the call,
    /// whatever has become of the servers. For what no compare-and-set follows, such as an answer or an effect
    /// elsewhere. It takes a write through the quorum, which reads of a bucket at the same time share, so it
    /// is slower than [`Store::get`] and needs the permission to write.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too few of the bucket's replicas answer within some seconds; `RESOURCE_EXHAUSTED` when the
    /// bucket takes no more; `FAILED_PRECONDITION` when the server is older than 2.15; `DATA_LOSS` when the stored bytes aren't a `T`.
    pub async fn get_linearizable(&self, key: &str) -> Result<Option<Entry<T>>> {
        let record = self.bucket.get_linearizable(key).await?;
        record.and_then(|record| self.entry(record).transpose()).transpose()
    }

    /// Writes a key that isn't there, and tells its revision.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` with a [`RevisionConflict`](crate::durable::RevisionConflict) when it is.
    pub fn create(&self, key: &str, value: &T) -> Writing {
        self.writing(Write::create(key, encode(value)))
    }

    /// Writes a key whose revision is still the one given, and tells the new one.
    ///
    /// # Errors
    /// `ABORTED` with a [`RevisionConflict`](crate::durable::RevisionConflict) when it isn't.
    pub fn update(&self, key: &str, value: &T, revision: u64) -> Writing {
        self.writing(Write::update(key, encode(value), revision))
    }

    /// Writes a key whatever is there, and tells its revision: be it a value of a version that only others read.
    pub fn put(&self, key: &str, value: &T) -> Writing {
        self.writing(Write::put(key, encode(value)))
    }

    /// Deletes a key whose revision is still the one given.
    ///
    /// # Errors
    /// `ABORTED` with a [`RevisionConflict`](crate::durable::RevisionConflict) when it isn't.
    pub fn delete(&self, key: &str, revision: u64) -> Writing {
        self.writing(Write { expect: Expect::Revision(revision), ..Write::delete(key) })
    }

    /// Deletes a key whatever is there.
    pub fn remove(&self, key: &str) -> Writing {
        self.writing(Write::delete(key))
    }

    /// Every key, in the order of their last writes, all at once: for a bucket that may be large, see [`Store::list`].
    pub async fn keys(&self) -> Result<Vec<String>> {
        self.bucket.keys().await
    }

    /// Every entry, in the order of their last writes, all at once: for a bucket that may be large, see [`Store::list`].
    ///
    /// # Errors
    /// `DATA_LOSS` when stored bytes aren't a `T`.
    pub async fn entries(&self) -> Result<Vec<Entry<T>>> {
        let records = self.bucket.entries().await?;
        records.into_iter().filter_map(|record| self.entry(record).transpose()).collect()
    }

    /// The revisions of a key that the bucket keeps, oldest first.
    ///
    /// # Errors
    /// `DATA_LOSS` when stored bytes aren't a `T`.
    pub async fn history(&self, key: &str) -> Result<Vec<Revision<T>>> {
        let records = self.bucket.history(key).await?;
        let revision = |record: Record| {
            let value = record.value.map(|value| self.decode(&record.key, value)).transpose()?;
            Ok(Revision { value, revision: record.revision, time: record.time })
        };
        records.into_iter().map(revision).collect()
    }

    /// Watches a key: first what is there, then every change, also across lost connections.
    pub async fn watch(&self, key: &str) -> Result<Watch<T>> {
        self.watching(Some(key), Start::LastPerSubject).await
    }

    /// Watches every key: first what is there, then every change, also across lost connections.
    pub async fn watch_all(&self) -> Result<Watch<T>> {
        self.watching(None, Start::LastPerSubject).await
    }

    /// Watches a key, or every key, from a revision on.
    pub async fn watch_from(&self, key: Option<&str>, revision: u64) -> Result<Watch<T>> {
        self.watching(key, Start::Sequence(revision)).await
    }

    /// Events that were to be published with writes, and were put aside because their stream refuses them: at once where the
    /// event is at fault, as one that is too long; after five minutes where others may be, as when the stream isn't there.
    /// Oldest first.
    ///
    /// # Errors
    /// `DATA_LOSS` when something else lies there.
    pub async fn refused_events(&self) -> Result<Vec<RefusedEvent>> {
        refused::list(&self.bucket).await
    }

    /// Puts them back to be published, behind what waits already, and tells how many. Where this was interrupted between two steps of
    /// one event, and is called again after that was published, it is published twice.
    ///
    /// # Errors
    /// As [`Store::refused_events`].
    pub async fn publish_refused_events(&self) -> Result<u64> {
        refused::put_back(&self.bucket).await
    }

    async fn watching(&self, key: Option<&str>, start: Start) -> Result<Watch<T>> {
        Ok(Watch::new(self.clone(), self.bucket.watch(key, start).await?))
    }

    fn writing(&self, write: Write) -> Writing {
        Writing::new(&self.bucket, self.has_outbox, write)
    }

    fn entry(&self, record: Record) -> Result<Option<Entry<T>>> {
        let Record { key, value, revision, time } = record;
        let Some(value) = value else { return Ok(None) };
        let value = self.decode(&key, value)?;
        Ok(Some(Entry { key, value, revision, time }))
    }

    fn decode(&self, key: &str, bytes: Bytes) -> Result<T> {
        T::decode(bytes).map_err(|error| {
            let bucket = self.bucket.name();
            Status::data_loss(format!(
                "bucket {bucket} holds bytes under `{key}` that are no {}: {error}",
                T::full_name()
            ))
        })
    }
}

fn encode<T: Message>(value: &T) -> Bytes {
    value.encode_to_vec().into()
}

impl<T> Clone for Store<T> {
    fn clone(&self) -> Self {
        let Self { bucket, has_outbox, indexed, value } = self;
        let (bucket, indexed) = (bucket.clone(), indexed.clone());
        Self { bucket, has_outbox: *has_outbox, indexed, value: *value }
    }
}

impl<T> fmt::Debug for Store<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bucket, has_outbox, indexed: _, value: _ } = self;
        let mut store = f.debug_struct("Store");
        store.field("bucket", &bucket.name()).field("has_outbox", has_outbox).finish()
    }
}
