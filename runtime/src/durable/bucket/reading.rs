//! Reading what a bucket holds of many keys, or of many revisions of one.
//!
//! A reading of a stream may be answered by a replica that lags behind. So the leader is asked first where the last message is:
//! messages come in their order, and who has shown that one, or a later one, has shown all that the leader had.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use futures::stream::TryStreamExt;

use super::{Bucket, Record, deletes};
use crate::durable::{Reading, Start, Stored};
use crate::status::Result;
use crate::subject::Filter;

/// Readings that may lag before the leader is asked for message after message.
const READINGS: u32 = 4;
/// Pause after the first of them; twice as long each time.
const PAUSE: Duration = Duration::from_millis(10);
/// Values read at once from the leader.
const READS: usize = 32;

impl Bucket {
    /// Every key that is there, in the order of their last writes.
    pub async fn keys(&self) -> Result<Vec<String>> {
        Ok(self.entries().await?.into_iter().map(|record| record.key).collect())
    }

    /// Every key and value that is there, in the order of their last writes.
    pub async fn entries(&self) -> Result<Vec<Record>> {
        self.all_stored().await?.iter().map(|stored| self.record(stored)).collect()
    }

    /// The same, as the stream keeps it.
    pub(crate) async fn all_stored(&self) -> Result<Vec<Stored>> {
        let read = self.read_up_to_date(&self.all(), Start::LastPerSubject).await?;
        let latest = read.unwrap_or_default().into_iter();
        let mut latest: BTreeMap<_, _> = latest.map(|it| (it.subject.clone(), it)).collect();
        // A reading passes by what is replaced just before its turn, and ends when the server believes that it has. What the
        // leader doesn't name has expired.
        let stored = self.names().await?.map_ok(|name| {
            let known = latest.remove(name.subject.as_str());
            async move {
                match known {
                    Some(stored) => Ok(Some(stored)),
                    None => self.durable.last(&self.stream, &name.subject).await,
                }
            }
        });
        let stored = stored.try_buffer_unordered(READS);
        let mut stored: Vec<_> =
            stored.try_filter_map(|stored| std::future::ready(Ok(stored))).try_collect().await?;
        stored.retain(|stored| !deletes(&stored.headers));
        stored.sort_unstable_by_key(|stored| stored.sequence);
        Ok(stored)
    }

    /// The revisions of a key that the bucket keeps, oldest first.
    pub async fn history(&self, key: &str) -> Result<Vec<Record>> {
        let filter = Filter::from(&self.subject(key));
        let mut kept = match self.read_up_to_date(&filter, Start::All).await? {
            Some(read) => VecDeque::from(read),
            None => self.walk(&filter).await?,
        };
        // A bucket whose writes are events keeps more.
        kept.drain(..kept.len().saturating_sub(self.history));
        kept.iter().map(|stored| self.record(stored)).collect()
    }

    /// Every write of a key from a place in the stream on. The number tells the place of the last one that is there.
    pub(crate) async fn read_from(&self, sequence: u64) -> Result<(u64, Reading)> {
        let last = self.durable.last_place(&self.stream, &self.all()).await?;
        let start = Start::Sequence(sequence);
        Ok((last, self.durable.read(&self.stream, &self.all(), start).await?))
    }

    /// Reads what there is; `None` when every reading lacks what the leader had before, because it lags behind or others write
    /// faster than it reads.
    async fn read_up_to_date(&self, filter: &Filter, start: Start) -> Result<Option<Vec<Stored>>> {
        for reading in 0..READINGS {
            let last = self.durable.last_place(&self.stream, filter).await?;
            if last == 0 {
                return Ok(Some(Vec::new()));
            }
            let read = self.durable.snapshot(&self.stream, filter, start).await?;
            if read.last().is_some_and(|stored| stored.sequence >= last) {
                return Ok(Some(read));
            }
            tokio::time::sleep(PAUSE * 2_u32.pow(reading)).await;
        }
        Ok(None)
    }

    /// Reads what there is from the leader, message after message.
    async fn walk(&self, filter: &Filter) -> Result<VecDeque<Stored>> {
        let last = self.durable.last_place(&self.stream, filter).await?;
        let (mut read, mut from) = (VecDeque::new(), 1);
        while from <= last
            && let Some(stored) = self.durable.next(&self.stream, filter, from).await?
        {
            from = stored.sequence + 1;
            read.push_back(stored);
        }
        Ok(read)
    }
}
