//! What waits to be published, for those who look at it from outside.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::relay::Outcome;

/// Rows that a relay has read and not published yet.
#[derive(Debug)]
pub(super) struct Backlog {
    bucket: &'static str,
    in_hand: BTreeMap<u64, SystemTime>,
    /// Rows behind the last one that was read, as far as is known.
    unread: u64,
}

impl Backlog {
    /// How often it is told.
    pub(super) const PERIOD: Duration = Duration::from_secs(1);

    pub(super) fn new(bucket: &'static str) -> Self {
        Self { bucket, in_hand: BTreeMap::new(), unread: 0 }
    }

    /// Notes what a reading has brought: a row, or what is left of one.
    pub(super) fn read(&mut self, row: Option<(u64, SystemTime)>, unread: u64) {
        self.in_hand.extend(row);
        self.unread = unread;
    }

    /// Notes that a row waits no more.
    pub(super) fn left(&mut self, sequence: u64, outcome: Outcome) {
        self.in_hand.remove(&sequence);
        let bucket = self.bucket;
        match outcome {
            Outcome::Published => {
                metrics::counter!("bb_outbox_published_total", "bucket" => bucket).increment(1);
            }
            Outcome::Refused => {
                metrics::counter!("bb_outbox_refused_total", "bucket" => bucket).increment(1);
            }
            Outcome::Gone => {}
        }
    }

    /// Tells how much waits, and for how long.
    pub(super) fn tell(&self) {
        let count = self.in_hand.len() as u64 + self.unread;
        let oldest = self.in_hand.first_key_value().and_then(|(_, time)| time.elapsed().ok());
        self.set(count, oldest.unwrap_or_default());
    }

    #[expect(clippy::cast_precision_loss, reason = "nobody has 2^52 rows")]
    fn set(&self, count: u64, oldest: Duration) {
        metrics::gauge!("bb_outbox_rows", "bucket" => self.bucket).set(count as f64);
        let age = metrics::gauge!("bb_outbox_age", "bucket" => self.bucket);
        age.set(oldest.as_secs_f64());
    }
}

/// Another relay may lead now, and tell.
impl Drop for Backlog {
    fn drop(&mut self) {
        self.set(0, Duration::ZERO);
    }
}
