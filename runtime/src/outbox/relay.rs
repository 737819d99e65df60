//! Who publishes the rows of a bucket: one of all instances.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use futures::StreamExt;
use futures::future::join_all;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::interval;

use super::backlog::Backlog;
use super::refused::{self, Patience};
use super::row::Row;
use super::{LEASES, ROWS, publish};
use crate::connection::Connection;
use crate::durable::{Bucket, Stored, deletes};
use crate::lease::Contender;
use crate::spec::BucketSpec;
use crate::status::{Result, Status};

/// Rows of different keys that are published at once: keys share so many lanes.
const LANES: usize = 16;
/// Rows that wait in a lane. More stay in the bucket.
const LANE_ROWS: usize = 16;
/// Pause before what failed is tried again, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

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
enum Outcome {
    Published,
    Refused,
}

impl Relay {
    async fn run(self) {
        loop {
            let led = async {
                let lease = self.contender.acquire().await?;
                tokio::select! {
                    () = lease.lost() => Ok(()),
                    ended = self.lead(lease.revision()) => ended,
                }
            };
            if let Err(status) = led.await {
                tracing::warn!(bucket = self.rows.name(), %status, "publishing was interrupted");
            }
            tokio::time::sleep(PAUSE.0).await;
        }
    }

    /// Publishes what is there and what comes. Whoever led before may have published what was written before `since`.
    async fn lead(&self, since: u64) -> Result<()> {
        let backlog = Backlog::new(self.rows.name());
        let (lanes, receivers): (Vec<_>, Vec<_>) =
            (0..LANES).map(|_| mpsc::channel(LANE_ROWS)).unzip();
        let publishing = receivers.into_iter().map(|lane| self.drain(lane, since, &backlog));
        tokio::select! {
            ended = self.read(&lanes, &backlog) => ended,
            _ = join_all(publishing) => Ok(()),
            () = tell(&backlog) => Ok(()),
        }
    }

    async fn read(&self, lanes: &[Sender<Row>], backlog: &Backlog) -> Result<()> {
        let mut stored = self.rows.read_all().await?;
        while let Some(stored) = stored.next().await {
            let stored: Stored = stored?;
            let (sequence, time, unread) = (stored.sequence, stored.time, stored.pending);
            if deletes(&stored.headers) {
                backlog.read(None, unread);
                continue;
            }
            match Row::read(stored) {
                Ok(row) => {
                    backlog.read(Some((sequence, time)), unread);
                    // The receivers live as long as this.
                    let _ = lanes[lane(&row.key)].send(row).await;
                }
                Err(status) => {
                    failed(self.rows.name());
                    tracing::error!(%status, "an event can't be published");
                }
            }
        }
        Err(Status::unavailable("the reading ended"))
    }

    /// Publishes the rows of a lane, one after the other; each for as long as it takes, unless it is refused for good.
    async fn drain(&self, mut lane: Receiver<Row>, since: u64, backlog: &Backlog) {
        while let Some(row) = lane.recv().await {
            let mut pause = PAUSE.0;
            let mut is_old = row.sequence < since;
            let mut patience = Patience::default();
            let outcome = loop {
                match self.settle(&row, is_old, &mut patience).await {
                    Ok(outcome) => break outcome,
                    Err(status) => {
                        failed(self.rows.name());
                        tracing::warn!(subject = %row.subject, %status, "an event waits to be published");
                    }
                }
                // By the next attempt the stream may have forgotten the id of this one.
                is_old = true;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
            };
            match outcome {
                Outcome::Published => backlog.published(row.sequence),
                Outcome::Refused => backlog.refused(row.sequence),
            }
        }
    }

    /// Publishes a row, or puts it aside once that is in vain, and removes it.
    async fn settle(&self, row: &Row, is_old: bool, patience: &mut Patience) -> Result<Outcome> {
        let outcome = match publish::publish(&**self.rows.durable(), row, is_old).await {
            Ok(()) => Outcome::Published,
            Err(status) if patience.is_over(&status) => {
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

async fn tell(backlog: &Backlog) {
    let mut period = interval(Backlog::PERIOD);
    loop {
        period.tick().await;
        backlog.tell();
    }
}

fn lane(key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % LANES as u64).unwrap_or_default()
}
