//! Read, change, write if nobody else has: again until it holds.

use std::time::{Duration, SystemTime};

use prost::{Message, Name};

use super::{Entry, Store, encode};
use crate::durable::RevisionConflict;
use crate::outbox::Outgoing;
use crate::status::{Code, Result, Status};

/// Somebody else may be faster this often before the caller hears of it.
const ATTEMPTS_MAX: u32 = 16;
/// Pause after the first conflict; it doubles up to the second figure. By chance anything between none and all of it,
/// so that those who collide come apart.
const PAUSE: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(100));

impl<T: Message + Default + Name> Store<T> {
    /// Changes a key: the function gets the value that is there and says what shall be. It runs again when somebody
    /// else was faster, so it must do nothing else. A value that stays as it was isn't written: a watcher, or a
    /// consumer of the bucket's events, hears of changes only.
    ///
    /// # Errors
    /// What the function returns; `ABORTED` when somebody else is faster again and again.
    pub async fn modify<F>(&self, key: &str, change: F) -> Result<Entry<T>>
    where
        F: Fn(Option<T>) -> Result<T>,
    {
        self.modify_and_publish(key, |value, _| change(value)).await
    }

    /// Changes a key as [`Store::modify`] does, and publishes the events that the function hands out if, and only if, what it says
    /// is written: each time it runs, it hands them out anew. With events, a value that stays as it was is written, too. The
    /// store must have been opened with its outbox.
    ///
    /// # Errors
    /// As [`Store::modify`].
    pub async fn modify_and_publish<F>(&self, key: &str, change: F) -> Result<Entry<T>>
    where
        F: Fn(Option<T>, &mut Outgoing) -> Result<T>,
    {
        for attempt in 0..ATTEMPTS_MAX {
            let entry = self.get(key).await?;
            let had =
                entry.as_ref().map(|entry| (entry.revision, entry.time, encode(&entry.value)));
            let mut outgoing = Outgoing::default();
            let value = change(entry.map(|entry| entry.value), &mut outgoing)?;
            let writing = match had {
                Some((revision, time, bytes)) if bytes == encode(&value) && outgoing.is_empty() => {
                    return Ok(Entry { key: key.to_owned(), value, revision, time });
                }
                Some((revision, ..)) => self.update(key, &value, revision),
                None => self.create(key, &value),
            };
            match writing.and_publish_all(outgoing).await {
                Ok(revision) => {
                    let time = SystemTime::now();
                    return Ok(Entry { key: key.to_owned(), value, revision, time });
                }
                Err(status) if lost(&status) => pause(attempt).await,
                Err(status) => return Err(status),
            }
        }
        Err(Status::aborted(format!(
            "bucket {}: others changed `{key}` {ATTEMPTS_MAX} times meanwhile; try again later",
            self.bucket.name()
        )))
    }
}

/// Whether others were faster. That another value says already what is unique is no race.
fn lost(status: &Status) -> bool {
    match status.code() {
        Code::Aborted => true,
        Code::AlreadyExists => RevisionConflict::current(status).is_some(),
        _ => false,
    }
}

async fn pause(attempt: u32) {
    let most = PAUSE.0.saturating_mul(1 << attempt.min(10)).min(PAUSE.1);
    tokio::time::sleep(most.mul_f64(rand::random_range(0.0..1.0))).await;
}
