//! Linearizable reads: what a stream holds now, whoever believes that it leads the stream.
//!
//! A write that the quorum has taken stands behind every write that was acknowledged before it began. So we write a
//! mark, and take the last message of a subject from a replica that shows this mark, or a later one, in the same
//! answer: it has everything that was acknowledged before the read began. Nobody's clock is trusted, and no server's
//! word that it leads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::super::{Append, Stored};
use super::append::append;
use super::direct;
use super::link::{Link, PATIENCE};
use crate::headers::Headers;
use crate::status::{Code, Executed, Result, Status};
use crate::subject::Subject;

/// The barriers of a connection, one for each stream.
#[derive(Debug, Default)]
pub(super) struct Barriers(Mutex<BTreeMap<String, Arc<Barrier>>>);

/// Shares marks among reads.
#[derive(Debug, Default)]
struct Barrier {
    /// Marks that were begun.
    begun: AtomicU64,
    /// The last one that has ended.
    last: tokio::sync::Mutex<Mark>,
}

#[derive(Debug)]
struct Mark {
    number: u64,
    sequence: Result<u64>,
}

impl Default for Mark {
    fn default() -> Self {
        Self { number: 0, sequence: Ok(0) }
    }
}

/// Pause before a replica is asked again that lacks the mark, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(100));

impl Barriers {
    /// Reads the last message of a subject. Marks are written to another subject of the stream.
    pub(super) async fn last(
        &self,
        link: &Link,
        stream: &str,
        subject: &Subject,
        marks: &Subject,
    ) -> Result<Option<Stored>> {
        direct::supported(link)?;
        let barrier = self.of(stream);
        let since = barrier.pass(mark(link, stream, marks)).await?;
        let (began, mut pause) = (Instant::now(), PAUSE.0);
        loop {
            let status = match direct::last_of_each(link, stream, &[subject, marks]).await {
                Ok(found) => {
                    let is_mark = |m: &Stored| m.subject == marks.as_str() && m.sequence >= since;
                    if found.iter().any(is_mark) {
                        return Ok(found.into_iter().find(|m| m.subject == subject.as_str()));
                    }
                    Status::unavailable(format!("{subject}: the replica that answers lags behind"))
                        .with_executed(Executed::No)
                }
                Err(status) if status.code() == Code::Unavailable => status,
                Err(status) => return Err(status),
            };
            if began.elapsed() > PATIENCE {
                return Err(status);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    fn of(&self, stream: &str) -> Arc<Barrier> {
        let mut barriers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(barriers.entry(stream.to_owned()).or_default())
    }
}

impl Barrier {
    /// Tells the sequence of a mark that was begun after this call: by this call, or by another one that waited, too.
    async fn pass(&self, write: impl Future<Output = Result<u64>>) -> Result<u64> {
        // A mark that is begun already may stand before what was acknowledged since.
        let needed = self.begun.load(Ordering::SeqCst) + 1;
        let mut last = self.last.lock().await;
        if last.number < needed {
            let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
            *last = Mark { number, sequence: write.await };
        }
        last.sequence.clone()
    }
}

/// Writes a mark.
async fn mark(link: &Link, stream: &str, subject: &Subject) -> Result<u64> {
    let append = append(
        link,
        Append {
            stream: stream.to_owned(),
            subject: subject.clone(),
            headers: Headers::new(),
            payload: bytes::Bytes::new(),
            expect: None,
            id: None,
        },
    );
    match append.await {
        Ok(appended) => Ok(appended.sequence),
        // Whether a mark was written doesn't matter to anybody.
        Err(status) if status.code() == Code::UnknownOutcome => Err(Status::unavailable(format!(
            "{stream} can't be read as it is now: too few of its replicas answer"
        ))
        .with_executed(Executed::No)),
        Err(status) => Err(status),
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use futures::future::join_all;
    use futures::poll;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn reads_that_wait_share_the_next_mark() {
        let barrier = Barrier::default();
        let (written, first) = oneshot::channel();
        let mut began = Box::pin(barrier.pass(async { Ok(first.await.unwrap()) }));
        assert!(poll!(&mut began).is_pending());
        // What was acknowledged meanwhile may stand behind the first mark.
        let others = join_all((8..16).map(|sequence| barrier.pass(ready(Ok(sequence)))));
        let mut others = Box::pin(others);
        assert!(poll!(&mut others).is_pending());
        written.send(7).unwrap();
        assert_eq!(began.await.unwrap(), 7);
        for sequence in others.await {
            assert_eq!(sequence.unwrap(), 8);
        }
        assert_eq!(barrier.pass(ready(Ok(16))).await.unwrap(), 16);
    }

    #[tokio::test]
    async fn a_read_that_is_given_up_holds_nobody_up() {
        let barrier = Barrier::default();
        let mut stuck = Box::pin(barrier.pass(pending()));
        assert!(poll!(&mut stuck).is_pending());
        let mut waiting = Box::pin(barrier.pass(ready(Ok(2))));
        assert!(poll!(&mut waiting).is_pending());
        drop(stuck);
        assert_eq!(waiting.await.unwrap(), 2);
    }
}
