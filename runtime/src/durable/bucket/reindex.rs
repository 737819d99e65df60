//! Entries for values that were written before there was an index.

use futures::StreamExt;

use super::index::{ATTEMPTS_MAX, TRACE};
use super::{Bucket, Write};
use crate::status::{Code, Result};
use crate::subject::Subject;

impl Bucket {
    /// Writes the entries of values that were written before there was an index, and tells of how many. What is there is
    /// written again, so it may be interrupted and repeated, and others may write meanwhile.
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

    async fn reindex_one(&self, subject: &Subject) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(record) = self.read(subject).await? else { return Ok(()) };
            let Some(value) = record.value else { return Ok(()) };
            let mut written = Vec::new();
            let mut raced = false;
            for index in &*self.indexes {
                let parts = (index.parts)(&value);
                if parts.is_empty() {
                    continue;
                }
                let (place, write, expected) =
                    self.entry(index, &parts, &record.key, |_| None).await?;
                match self.durable.append(place.append(&write, expected)?).await {
                    Ok(appended) => written.push((index, parts, place, write, appended.sequence)),
                    Err(status) if status.code() == Code::Aborted => raced = true,
                    Err(status) => return Err(status),
                }
            }
            let now = self.read(subject).await?;
            if !raced && now.as_ref().is_some_and(|now| now.revision == record.revision) {
                return Ok(());
            }
            // The value has changed meanwhile, and whoever did it didn't know of these entries.
            let now = now.and_then(|record| record.value);
            for (index, parts, place, write, sequence) in written {
                if now.as_ref().is_none_or(|now| (index.parts)(now) != parts) {
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
}
