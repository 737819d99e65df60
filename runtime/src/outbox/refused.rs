//! Events that their stream will never take, put aside so that those behind them are published.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::ROWS;
use super::row::Row;
use crate::durable::{Append, Bucket};
use crate::headers;
use crate::status::{Code, Result, Status};
use crate::subject;

/// Below what they lie.
const REFUSED: &str = "refused";
/// Why they do.
const REASON: &str = "Bb-Outbox-Reason";
/// How long an event is tried that is refused for what others may mend, such as a stream that isn't there.
const PATIENCE: Duration = Duration::from_mins(5);

/// An event that was written with a value, and that its stream refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedEvent {
    /// Key of the value; `None` where it is too long to be told.
    pub key: Option<String>,
    /// Stream that refuses it.
    pub stream: String,
    /// Its subject.
    pub subject: String,
    /// What the stream said last.
    pub reason: String,
    /// When it was put aside.
    pub time: SystemTime,
}

/// Tells when it is in vain to go on trying. What isn't there is missed by all that goes there, so it remembers for how
/// long each stream has refused whatever it was given, and each subject of it.
#[derive(Debug, Default)]
pub(super) struct Patience(Mutex<BTreeMap<Destination, Refusing>>);

/// A stream, or one subject of it.
type Destination = (String, Option<String>);

#[derive(Debug, Clone, Copy)]
struct Refusing {
    since: Instant,
    last: Instant,
}

impl Patience {
    /// Notes a failure to publish. The event itself may be at fault, which nothing mends; or what is there to take it, which
    /// somebody may mend; or neither, and then it isn't refused at all.
    pub(super) fn is_over(&self, row: &Row, failure: &Status) -> bool {
        match failure.code() {
            Code::InvalidArgument | Code::DataLoss => true,
            Code::FailedPrecondition | Code::NotFound => {
                let now = Instant::now();
                let mut refusing = self.refusing();
                // Both are noted, whichever has refused for longer.
                let over = destinations(row).map(|it| {
                    let noted = refusing.entry(it).or_insert(Refusing { since: now, last: now });
                    noted.last = now;
                    now - noted.since >= PATIENCE
                });
                over.contains(&true)
            }
            _ => {
                self.taken(row);
                false
            }
        }
    }

    /// Notes that an event was taken, or at least not refused.
    pub(super) fn taken(&self, row: &Row) {
        let mut refusing = self.refusing();
        // Usually nothing is refused.
        if !refusing.is_empty() {
            for destination in destinations(row) {
                refusing.remove(&destination);
            }
        }
    }

    /// Forgets what has refused nothing for long: nobody knows what it does now.
    pub(super) fn tidy(&self) {
        self.refusing().retain(|_, noted| noted.last.elapsed() < PATIENCE);
    }

    fn refusing(&self) -> MutexGuard<'_, BTreeMap<Destination, Refusing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where a row goes, wide and narrow.
fn destinations(row: &Row) -> [Destination; 2] {
    [(row.stream.clone(), None), (row.stream.clone(), Some(row.subject.to_string()))]
}

/// Where refused events of a bucket lie.
pub(super) fn place(bucket: &Bucket) -> Bucket {
    bucket.beneath(REFUSED)
}

/// Puts an event aside.
pub(super) async fn keep(place: &Bucket, row: &Row, reason: &Status) -> Result<()> {
    let mut append = row.moved(place)?;
    let reason: String = headers::printable(&reason.to_string()).collect();
    append.headers.insert(REASON, reason)?;
    moved(place, append).await
}

/// What was put aside, oldest first.
pub(crate) async fn list(bucket: &Bucket) -> Result<Vec<RefusedEvent>> {
    let event = |(row, reason): (Row, String)| RefusedEvent {
        key: subject::unescape(&row.key),
        stream: row.stream,
        subject: row.subject.to_string(),
        reason,
        time: row.time,
    };
    Ok(rows(&place(bucket)).await?.into_iter().map(event).collect())
}

/// Puts everything back to be published, and tells how much it was.
pub(crate) async fn put_back(bucket: &Bucket) -> Result<u64> {
    let (place, outbox) = (place(bucket), bucket.beneath(ROWS));
    let mut count = 0;
    for (row, _) in rows(&place).await? {
        moved(&outbox, row.moved(&outbox)?).await?;
        place.purge(&row.id).await?;
        count += 1;
    }
    Ok(count)
}

/// Moves an event to a place. Whoever was interrupted before it was removed from the other may have moved it already.
async fn moved(place: &Bucket, append: Append) -> Result<()> {
    match place.durable().append(append).await {
        Err(status) if status.code() == Code::Aborted => Ok(()),
        other => other.map(drop),
    }
}

/// What lies in a place, with the reasons.
async fn rows(place: &Bucket) -> Result<Vec<(Row, String)>> {
    let stored = place.all_stored().await?;
    let read = stored.into_iter().map(|stored| {
        let reason = stored.headers.get(REASON).unwrap_or_default().to_owned();
        Ok((Row::read(stored)?, reason))
    });
    read.collect()
}
