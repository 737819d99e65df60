//! What waits to be published, for those who look at it from outside.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// Rows that a relay has read and not published yet.
#[derive(Debug)]
pub(super) struct Backlog {
    bucket: &'static str,
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    in_hand: BTreeMap<u64, SystemTime>,
    /// Rows behind the last one that was read, as far as is known.
    unread: u64,
}

impl Backlog {
    /// How often it is told.
    pub(super) const PERIOD: Duration = Duration::from_secs(1);

    pub(super) fn new(bucket: &'static str) -> Self {
        Self { bucket, rows: Mutex::default() }
    }

    /// Notes what a reading has brought: a row, or what is left of one.
    pub(super) fn read(&self, row: Option<(u64, SystemTime)>, unread: u64) {
        let mut rows = self.rows();
        rows.in_hand.extend(row);
        rows.unread = unread;
    }

    /// Notes that a row is published and removed.
    pub(super) fn published(&self, sequence: u64) {
        self.rows().in_hand.remove(&sequence);
        metrics::counter!("bb_outbox_published_total", "bucket" => self.bucket).increment(1);
    }

    /// Notes that a row is put aside.
    pub(super) fn refused(&self, sequence: u64) {
        self.rows().in_hand.remove(&sequence);
        metrics::counter!("bb_outbox_refused_total", "bucket" => self.bucket).increment(1);
    }

    /// Tells how much waits, and for how long.
    pub(super) fn tell(&self) {
        let rows = self.rows();
        let count = rows.in_hand.len() as u64 + rows.unread;
        let oldest = rows.in_hand.first_key_value().and_then(|(_, time)| time.elapsed().ok());
        drop(rows);
        self.set(count, oldest.unwrap_or_default());
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
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
