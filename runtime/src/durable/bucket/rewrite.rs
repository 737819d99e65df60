//! Values of earlier versions, written again as what they would be now.

use std::time::{Duration, SystemTime};

use futures::StreamExt;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::entries::ATTEMPTS_MAX;
use super::reindex::is_of_one_value;
use super::version::version_of;
use super::{Bucket, Write, deletes};
use crate::durable::Stored;
use crate::headers::name;
use crate::status::{Code, Result, Status};
use crate::subject::Subject;

/// Values in hand at once.
const AT_ONCE: usize = 32;
/// What tells the server's time needn't stay.
const MARK: Duration = Duration::from_mins(1);

/// How far the values of a bucket have come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Keys looked at.
    pub looked_at: u64,
    /// Values that were of an earlier version and were written again.
    pub rewritten: u64,
    /// Values that stay as they were: a step failed, what they became was refused, or others keep writing them in an earlier
    /// version.
    pub failed: u64,
}

/// What became of one value.
enum Outcome {
    /// It was what it should be, or is gone.
    Left,
    Rewritten,
    Failed(Status),
}

impl Bucket {
    /// Writes values of earlier versions again, each unless somebody else writes it meanwhile, and tells how far it is after
    /// each. It may be interrupted and repeated.
    ///
    /// # Errors
    /// That of the first value that failed, after all the others are done; any failure of the bucket at once.
    pub(crate) async fn rewrite(&self, mut told: impl FnMut(Migrated)) -> Result<Migrated> {
        let (mut so_far, mut failed) = (Migrated::default(), None);
        let clock = Clock::default();
        let keys = self.names().await?.map(|name| async {
            let subject = name?.subject;
            self.rewrite_one(&subject, &clock).await
        });
        let mut keys = keys.buffer_unordered(AT_ONCE);
        while let Some(outcome) = keys.next().await {
            so_far.looked_at += 1;
            match outcome? {
                Outcome::Left => {}
                Outcome::Rewritten => so_far.rewritten += 1,
                Outcome::Failed(status) => {
                    so_far.failed += 1;
                    failed.get_or_insert(status);
                }
            }
            told(so_far);
        }
        failed.map_or(Ok(so_far), Err)
    }

    async fn rewrite_one(&self, subject: &Subject, clock: &Clock) -> Result<Outcome> {
        for _ in 0..ATTEMPTS_MAX {
            let stored = self.durable.last(&self.stream, subject).await?;
            let is_value = |stored: &Stored| !deletes(&stored.headers);
            let Some(stored) = stored.filter(is_value) else { return Ok(Outcome::Left) };
            if version_of(&stored.headers).is_some_and(|it| it >= self.versions.written()) {
                return Ok(Outcome::Left);
            }
            let record = match self.record(&stored) {
                Ok(record) => record,
                Err(status) => return Ok(Outcome::Failed(status)),
            };
            let Some(value) = record.value else { return Ok(Outcome::Left) };
            let expires_in = match self.life(&stored) {
                None => None,
                Some(life) => {
                    let age = clock.now(self).await?.duration_since(stored.time);
                    let left = life.saturating_sub(age.unwrap_or_default());
                    if left.is_zero() {
                        return Ok(Outcome::Left);
                    }
                    Some(left)
                }
            };
            let write = Write { expires_in, ..Write::update(record.key, value, stored.sequence) };
            match self.replace(&stored, &write).await {
                Ok(()) => return Ok(Outcome::Rewritten),
                Err(status) if status.code() == Code::Aborted => {}
                Err(status) if is_about_the_value(&status) => return Ok(Outcome::Failed(status)),
                Err(status) => return Err(status),
            }
        }
        Ok(Outcome::Failed(Status::aborted(format!(
            "bucket {}: others write a value in an earlier version again and again: migrate when none of them runs",
            self.name
        ))))
    }

    /// Writes a value in the place of another, with what it changes in indexes.
    async fn replace(&self, old: &Stored, write: &Write) -> Result<()> {
        let writes = std::slice::from_ref(write);
        let mut appends = if self.indexes.is_empty() {
            vec![self.append(write, Some(old.sequence))?]
        } else {
            self.plan(writes).await?
        };
        if old.headers.get(name::TTL).is_none()
            && let Some(value) = appends.first_mut()
        {
            // Earlier revisions have no time of their own, and go before this one does.
            value.headers.remove(name::ROLLUP);
        }
        self.commit(writes, appends).await.map(drop)
    }

    /// How long a value is kept from when it was written, if not for ever.
    fn life(&self, stored: &Stored) -> Option<Duration> {
        let own = stored.headers.get(name::TTL).and_then(|it| it.strip_suffix('s')?.parse().ok());
        own.map(Duration::from_secs).or(self.ttl)
    }
}

/// Whether another value would have been written.
fn is_about_the_value(status: &Status) -> bool {
    is_of_one_value(status) || status.code() == Code::InvalidArgument
}

/// What the bucket's server takes the time to be, which says when values were written. Asked for once, if at all.
#[derive(Default)]
struct Clock(OnceCell<(SystemTime, Instant)>);

impl Clock {
    async fn now(&self, bucket: &Bucket) -> Result<SystemTime> {
        let ask = || async {
            let place = bucket.beneath("clock");
            let mark = Write { expires_in: Some(MARK), ..Write::put("", bytes::Bytes::new()) };
            place.write(mark).await?;
            let asked = Instant::now();
            let mark = place.last("").await?;
            Ok::<_, Status>((mark.map_or_else(SystemTime::now, |mark| mark.time), asked))
        };
        let (time, asked) = self.0.get_or_try_init(ask).await?;
        Ok(*time + asked.elapsed())
    }
}
