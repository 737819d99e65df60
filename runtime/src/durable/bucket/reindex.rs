//! Entries for values that were written by those who didn't know an index.

use futures::StreamExt;

use super::entries::{ATTEMPTS_MAX, TRACE};
use super::index::is_marked;
use super::{Bucket, Index, Write};
use crate::status::{Code, Result};
use crate::subject::Subject;

impl Bucket {
    /// Writes the entries of values that were written without them, and tells how many keys were looked at. It may be
    /// interrupted and repeated, and others may write meanwhile.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` when two values say what only one may: after all the others have their entries.
    pub(crate) async fn reindex(&self) -> Result<u64> {
        let (mut count, mut taken) = (0, None);
        let mut names = self.names().await?;
        while let Some(name) = names.next().await {
            let subject = name?.subject;
            match self.reindex_one(&subject).await {
                Ok(()) => count += 1,
                Err(status) if status.code() == Code::AlreadyExists => taken = Some(status),
                Err(status) => return Err(status),
            }
        }
        taken.map_or(Ok(count), Err)
    }

    /// Writes the entries of the value that a subject has, unless they were written with it.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` when another value says what only one may: after it has its other entries.
    pub(super) async fn reindex_one(&self, subject: &Subject) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(stored) = self.durable.last(&self.stream, subject).await? else {
                return Ok(());
            };
            if is_marked(&stored, &self.indexes) {
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
                    let gone = Write { expires_in: Some(TRACE), ..Write::delete(write.key) };
                    match self.durable.append(place.append(&gone, Some(sequence))?).await {
                        Err(status) if status.code() != Code::Aborted => return Err(status),
                        _ => {}
                    }
                }
            }
        }
        // Whoever keeps writing the value keeps its entries, too.
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
