//! Entries for values that were written by those who didn't know an index.

use futures::TryStreamExt;

use super::entries::{ATTEMPTS_MAX, gone};
use super::{Bucket, Index, Write, deletes};
use crate::durable::Stored;
use crate::status::{Code, Result, Status};
use crate::subject::Subject;

/// Values read at once.
const READS: usize = 16;

impl Bucket {
    /// Writes the entries of values that were written without them, and tells how many keys were looked at. It may be
    /// interrupted and repeated, and others may write meanwhile.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` when two values say what only one may, `DATA_LOSS` when one can't be read: after all the others have
    /// their entries.
    pub(crate) async fn reindex(&self) -> Result<u64> {
        let names = self.names().await?;
        let indexing = names.map_ok(|name| async move {
            match self.reindex_one(&name.subject).await {
                Ok(()) => Ok(None),
                Err(status) if is_of_one_value(&status) => Ok(Some(status)),
                Err(status) => Err(status),
            }
        });
        let mut indexing = indexing.try_buffer_unordered(READS);
        let (mut count, mut refused) = (0, None);
        while let Some(one) = indexing.try_next().await? {
            count += u64::from(one.is_none());
            refused = one.or(refused);
        }
        refused.map_or(Ok(count), Err)
    }

    /// Writes the entries of a value that was read, unless they were written with it. Tells whether there were any to write.
    ///
    /// # Errors
    /// As [`Bucket::reindex`].
    pub(crate) async fn index(&self, stored: &Stored) -> Result<bool> {
        if deletes(&stored.headers) || self.is_indexed(stored) {
            return Ok(false);
        }
        self.reindex_one(&Subject::parse(&stored.subject)?).await.map(|()| true)
    }

    /// Writes the entries of the value that a subject has, unless they were written with it.
    async fn reindex_one(&self, subject: &Subject) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(stored) = self.durable.last(&self.stream, subject).await? else {
                return Ok(());
            };
            if self.is_indexed(&stored) {
                return Ok(());
            }
            let record = self.record(&stored)?;
            let (mut written, mut taken, mut raced) = (Vec::new(), None, false);
            for index in &*self.indexes {
                for said in index.said(record.value.as_ref()) {
                    match self.index_one(index, &said, &record.key).await {
                        Ok((place, write, sequence)) => {
                            written.push((index, said, place, write, sequence));
                        }
                        Err(status) if status.code() == Code::Aborted => raced = true,
                        Err(status) if status.code() == Code::AlreadyExists => taken = Some(status),
                        Err(status) => return Err(status),
                    }
                }
            }
            let now = self.read(subject).await?;
            if !raced && now.as_ref().is_some_and(|now| now.revision == record.revision) {
                return taken.map_or(Ok(()), Err);
            }
            // The value has changed meanwhile, and whoever did it didn't know of these entries.
            for (index, said, place, write, sequence) in written {
                if now.as_ref().is_none_or(|now| !index.says(now, &said)) {
                    let removal = place.append(&gone(write.key), Some(sequence))?;
                    match self.durable.append(removal).await {
                        Err(status) if status.code() != Code::Aborted => return Err(status),
                        _ => {}
                    }
                }
            }
        }
        // Whoever keeps writing the value keeps its entries, or is followed.
        Ok(())
    }

    /// Writes one entry, and tells where it lies.
    async fn index_one(
        &self,
        index: &Index,
        said: &[String],
        key: &str,
    ) -> Result<(Self, Write, u64)> {
        let (place, write, expected) = self.entry(index, said, key, |_| None).await?;
        let appended = self.durable.append(place.append(&write, expected)?).await?;
        Ok((place, write, appended.sequence))
    }
}

/// Whether a failure is about one value, and no other.
pub(crate) fn is_of_one_value(status: &Status) -> bool {
    matches!(status.code(), Code::AlreadyExists | Code::DataLoss)
}
