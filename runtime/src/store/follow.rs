//! Entries for values that were written by those who don't know an index: before it was declared, or by an older release while
//! a newer one is rolled out.
//!
//! A value whose entries were written with it is marked with the indexes that its writer keeps. Whoever looks values up follows
//! all writes of the bucket and adds the entries of those that bear no such mark: first of everything that is there, which one
//! of all instances does while a lease names it, and then of what comes. How far that is done is noted in the bucket, so that the next
//! one, who may come after a week of an older release, begins there. Until an instance has caught up, its lookups wait.

use std::time::Duration;

use futures::StreamExt;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::connection::Connection;
use crate::durable::{Bucket, Reading, Stored, is_of_one_value};
use crate::lease::Contender;
use crate::status::{Result, Status};

/// Below what the lease lies of who indexes what is there.
const LEASES: &str = "lease";
/// Pause before what failed is tried again, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// A reading that should bring something and brings nothing for this long begins anew.
const SILENCE: Duration = Duration::from_secs(1);
/// Writes after which it is noted how far this is done.
const NOTED: u64 = 1000;
/// How long a lookup waits for its bucket to be indexed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells whether all that a bucket holds is indexed.
#[derive(Debug, Clone)]
pub(crate) struct Indexed(watch::Receiver<bool>);

/// Follows the writes of a bucket until the connection is closed.
pub(crate) fn follow(connection: &Connection, bucket: &Bucket) -> Indexed {
    let (ready, indexed) = watch::channel(false);
    let key = format!("index {}", bucket.places());
    let contender = Contender::at(connection, bucket.beneath(LEASES), &key).apart();
    let follower = Follower { bucket: bucket.clone(), contender, ready };
    connection.spawn("index", follower.run());
    Indexed(indexed)
}

impl Indexed {
    /// Waits until it is so, for some seconds.
    ///
    /// # Errors
    /// `UNAVAILABLE` when it isn't by then.
    pub(crate) async fn wait(&self, bucket: &str) -> Result<()> {
        let mut ready = self.0.clone();
        let until = timeout(PATIENCE, ready.wait_for(|is| *is));
        if matches!(until.await, Ok(Ok(_))) {
            return Ok(());
        }
        let words = format!("what bucket {bucket} holds is still being indexed; try again later");
        Err(Status::unavailable(words).with_retry_after(PATIENCE))
    }
}

struct Follower {
    bucket: Bucket,
    contender: Contender,
    ready: watch::Sender<bool>,
}

impl Follower {
    async fn run(self) {
        let (mut at, mut pause) = (None, PAUSE.0);
        loop {
            let before = at;
            if let Err(status) = self.follow(&mut at).await {
                tracing::warn!(bucket = self.bucket.name(), %status, "indexing was interrupted");
            }
            self.tell(false);
            pause = if at == before { (pause * 2).min(PAUSE.1) } else { PAUSE.0 };
            tokio::time::sleep(pause).await;
        }
    }

    /// Indexes what was written behind a place, or everything, and then whatever comes.
    async fn follow(&self, at: &mut Option<u64>) -> Result<()> {
        let through = match *at {
            Some(through) => through,
            None => self.first().await?,
        };
        *at = Some(through);
        let mut noted = through;
        let (last, Reading { mut messages, .. }) = self.bucket.read_from(through + 1).await?;
        self.tell(last <= through);
        loop {
            let next = messages.next();
            // What was still to come may have been replaced or have expired since it was counted.
            let next = if *self.ready.borrow() {
                next.await
            } else {
                timeout(SILENCE, next).await.ok().flatten()
            };
            let Some(stored) = next else { return Ok(()) };
            let stored = stored?;
            self.index(&stored).await?;
            *at = Some(stored.sequence);
            let caught_up = stored.sequence >= last && !*self.ready.borrow();
            if caught_up || stored.sequence >= noted + NOTED {
                self.bucket.note_indexed(stored.sequence).await?;
                noted = stored.sequence;
            }
            if caught_up {
                self.tell(true);
            }
        }
    }

    /// Finds out how far everything is indexed. If nobody has begun, this one does it, or waits for the one that does.
    async fn first(&self) -> Result<u64> {
        if let Some(through) = self.bucket.indexed_through().await? {
            return Ok(through);
        }
        let lease = self.contender.acquire().await?;
        if let Some(through) = self.bucket.indexed_through().await? {
            return Ok(through);
        }
        // What is written behind the lease is followed.
        let through = lease.revision();
        let indexed = tokio::select! {
            () = lease.lost() => Err(Status::unavailable("the lease was lost")),
            indexed = self.bucket.reindex() => indexed,
        };
        match indexed {
            Ok(values) => {
                tracing::info!(bucket = self.bucket.name(), values, "what was there is indexed");
            }
            Err(status) if is_of_one_value(&status) => self.skip(&status),
            Err(status) => return Err(status),
        }
        self.bucket.note_indexed(through).await?;
        lease.release().await;
        Ok(through)
    }

    /// Adds the entries of a value, unless they were written with it.
    async fn index(&self, stored: &Stored) -> Result<()> {
        match self.bucket.index(stored).await {
            Ok(false) => {}
            Ok(true) => {
                metrics::counter!("bb_index_added_total", "bucket" => self.bucket.name())
                    .increment(1);
            }
            // Who waited for it would wait for ever, and so would all that comes behind it.
            Err(status) if is_of_one_value(&status) => self.skip(&status),
            Err(status) => return Err(status),
        }
        Ok(())
    }

    fn skip(&self, status: &Status) {
        metrics::counter!("bb_index_skipped_total", "bucket" => self.bucket.name()).increment(1);
        tracing::error!(bucket = self.bucket.name(), %status, "a value isn't found by what it says");
    }

    fn tell(&self, is: bool) {
        self.ready.send_replace(is);
        let ready = metrics::gauge!("bb_index_ready", "bucket" => self.bucket.name());
        ready.set(if is { 1.0 } else { 0.0 });
    }
}
