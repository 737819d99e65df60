//! Who publishes the rows of a bucket: one of all instances.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::time::{Instant, interval};

use super::backlog::Backlog;
use super::queue::{Queue, Turn};
use super::refused::{self, Patience};
use super::row::Row;
use super::{LEASES, ROWS, publish};
use crate::clock;
use crate::connection::Connection;
use crate::durable::{Bucket, Stored, deletes};
use crate::lease::{Contender, Lease};
use crate::spec::BucketSpec;
use crate::status::{Result, Status};

/// Pause before somebody who doesn't lead any more wants to lead again.
const PAUSE: Duration = Duration::from_millis(100);

/// Starts to take part in publishing the rows of a bucket, until the connection is closed.
pub(crate) fn start(connection: &Connection, spec: &'static BucketSpec) {
    let bucket = Bucket::new(connection.durable().clone(), spec);
    let contender = Contender::at(connection, bucket.beneath(LEASES), ROWS).apart();
    let relay = Relay { contender, rows: bucket.beneath(ROWS), refused: refused::place(&bucket) };
    connection.spawn("outbox", relay.run());
}

struct Relay {
    contender: Contender,
    rows: Bucket,
    /// Where those are put aside that can't be published.
    refused: Bucket,
}

/// What becomes of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome {
    Published,
    Refused,
    /// It isn't there any more.
    Gone,
}

impl Relay {
    async fn run(self) {
        loop {
            let led = async {
                let lease = self.contender.acquire().await?;
                tokio::select! {
                    () = lease.lost() => Ok(()),
                    ended = self.lead(&lease) => ended,
                }
            };
            if let Err(status) = led.await {
                tracing::warn!(bucket = self.rows.name(), %status, "publishing was interrupted");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Publishes what is there and what comes.
    async fn lead(&self, lease: &Lease) -> Result<()> {
        let (mut backlog, patience) = (Backlog::new(self.rows.name()), Patience::default());
        let (mut queue, mut turns) = (Queue::default(), FuturesUnordered::new());
        let mut stored = self.rows.read_all().await?;
        let mut period = interval(Backlog::PERIOD);
        loop {
            while let Some(turn) = queue.next(Instant::now()) {
                turns.push(self.take(turn, lease, &patience));
            }
            tokio::select! {
                // Nothing that is published holds up the reading: what can't be would hide what is behind it.
                read = stored.next() => {
                    let ended = || Err(Status::unavailable("the reading ended"));
                    self.queue(read.unwrap_or_else(ended)?, &mut queue, &mut backlog);
                }
                Some((turn, ended)) = turns.next() => match ended {
                    Ok(outcome) => {
                        backlog.left(turn.sequence(), outcome);
                        queue.done(&turn);
                    }
                    Err(status) => {
                        failed(self.rows.name());
                        tracing::warn!(stream = %turn.stream, id = %turn.id, %status, "an event waits to be published");
                        queue.set_back(&turn, Instant::now());
                    }
                },
                () = clock::until(queue.wakes()) => {}
                _ = period.tick() => {
                    backlog.tell();
                    patience.tidy();
                }
            }
        }
    }

    /// Queues a row that was read.
    fn queue(&self, stored: Stored, queue: &mut Queue, backlog: &mut Backlog) {
        let (sequence, time, unread) = (stored.sequence, stored.time, stored.pending);
        if deletes(&stored.headers) {
            backlog.read(None, unread);
            return;
        }
        match Row::read(stored) {
            Ok(row) => {
                backlog.read(Some((sequence, time)), unread);
                queue.push(hash(&row.key), row);
            }
            Err(status) => {
                failed(self.rows.name());
                tracing::error!(%status, "an event can't be published");
            }
        }
    }

    /// Gives a row its turn.
    async fn take(
        &self,
        turn: Turn,
        lease: &Lease,
        patience: &Patience,
    ) -> (Turn, Result<Outcome>) {
        // Whoever led before may have published it, or an earlier attempt may have, whose id the stream has forgotten.
        let is_old = turn.attempts > 0 || turn.sequence() < lease.revision();
        let ended = async {
            let row = match &turn.row {
                Some(row) => Arc::clone(row),
                None => match self.rows.seen(&turn.id).await? {
                    Some(stored) => Arc::new(Row::read(stored)?),
                    None => return Ok(Outcome::Gone),
                },
            };
            self.settle(&row, is_old, lease, patience).await
        };
        let ended = ended.await;
        (turn, ended)
    }

    /// Publishes a row, or puts it aside once that is in vain, and removes it.
    async fn settle(
        &self,
        row: &Row,
        is_old: bool,
        lease: &Lease,
        patience: &Patience,
    ) -> Result<Outcome> {
        let outcome = match publish::publish(&**self.rows.durable(), row, is_old, lease).await {
            Ok(()) => {
                patience.taken(row);
                Outcome::Published
            }
            Err(status) if patience.is_over(row, &status) => {
                refused::keep(&self.refused, row, &status).await?;
                let bucket = self.rows.name();
                tracing::error!(bucket, subject = %row.subject, %status, "an event is refused and put aside");
                Outcome::Refused
            }
            Err(status) => return Err(status),
        };
        self.rows.purge(&row.id).await?;
        Ok(outcome)
    }
}

fn failed(bucket: &'static str) {
    metrics::counter!("bb_outbox_failures_total", "bucket" => bucket).increment(1);
}

/// Keys that have one number wait for each other, which does no harm.
fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
