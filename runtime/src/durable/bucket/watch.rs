//! Following the keys of a bucket: first what is there, then what comes.

use std::time::Duration;

use futures::stream::{BoxStream, StreamExt, unfold};
use tokio::time::timeout;

use super::{Bucket, Record};
use crate::durable::{Start, Stored};
use crate::status::Result;
use crate::subject::Filter;

/// When what is still to come is silent for so long, the leader is asked whether it is still there.
const SILENCE: Duration = Duration::from_millis(250);

/// What a watch of a bucket shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// A key that was there, or has been written or deleted.
    Record(Record),
    /// All that the leader had when the watch began has been shown, as far as it is still there. Comes once.
    Current,
}

impl Bucket {
    /// Watches a key, or all: first what is there, then every change. A record that can't be read is an error, and the next one
    /// goes on.
    pub async fn watch(
        &self,
        key: Option<&str>,
        start: Start,
    ) -> Result<BoxStream<'static, Result<Seen>>> {
        let filter = key.map_or_else(|| self.all(), |key| Filter::from(&self.subject(key)));
        let last = match start {
            Start::New => 0,
            Start::Sequence(_) | Start::All | Start::LastPerSubject | Start::Time(_) => {
                self.durable.last_place(&self.stream, &filter).await?
            }
        };
        let through = match start {
            Start::Sequence(first) => first.saturating_sub(1),
            Start::New | Start::All | Start::LastPerSubject | Start::Time(_) => 0,
        };
        let messages = self.durable.read(&self.stream, &filter, start).await?.messages;
        let bucket = self.clone();
        let watching = Watching { bucket, filter, messages, through, last: Some(last) };
        let seen =
            unfold(watching, |mut watching| async { Some((watching.next().await?, watching)) });
        Ok(seen.boxed())
    }
}

/// A watch under way.
struct Watching {
    bucket: Bucket,
    filter: Filter,
    messages: BoxStream<'static, Result<Stored>>,
    /// Nothing up to this place is still to come.
    through: u64,
    /// Place of the last message that was there when this began, until it is told that this is current.
    last: Option<u64>,
}

impl Watching {
    async fn next(&mut self) -> Option<Result<Seen>> {
        while let Some(last) = self.last {
            if self.through >= last {
                self.last = None;
                return Some(Ok(Seen::Current));
            }
            match timeout(SILENCE, self.messages.next()).await {
                Ok(message) => return Some(self.seen(message?)),
                Err(_silence) => {
                    if !self.awaits(last).await {
                        self.through = last;
                    }
                }
            }
        }
        let message = self.messages.next().await?;
        Some(self.seen(message))
    }

    fn seen(&mut self, message: Result<Stored>) -> Result<Seen> {
        let stored = message?;
        self.through = stored.sequence;
        self.bucket.record(&stored).map(Seen::Record)
    }

    /// Whether something is still to come that was there: it may have been replaced or have expired since.
    async fn awaits(&mut self, last: u64) -> bool {
        let Bucket { durable, stream, .. } = &self.bucket;
        match durable.next(stream, &self.filter, self.through + 1).await {
            Ok(next) => next.is_some_and(|next| next.sequence <= last),
            Err(_) => true,
        }
    }
}
