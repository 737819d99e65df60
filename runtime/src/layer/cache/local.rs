//! Answers in the process, bounded in bytes.

use std::sync::Arc;
use std::time::Duration;

use moka::Expiry;
use moka::sync::Cache;
use tokio::time::Instant;

use super::epochs::Stamp;
use super::key::Key;
use crate::layer::Response;
use crate::status::Result;

/// Answers of all methods of a connection. Clones are one.
#[derive(Debug, Clone)]
pub(crate) struct Local(Cache<Key, Arc<Entry>>);

/// An answer that is kept.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) result: Result<Response>,
    /// What it was asked for under; `None` where no event speaks of it.
    pub(super) stamp: Option<Stamp>,
    /// Until when it is as good as new.
    pub(super) fresh: Instant,
    /// Until when it is given at all.
    pub(super) end: Instant,
}

/// What an entry takes beside its bytes, about.
const OVERHEAD_BYTES: usize = 300;

impl Local {
    pub(crate) fn new(bytes_max: u64) -> Self {
        let weigh = |key: &Key, entry: &Arc<Entry>| {
            let answer = match &entry.result {
                Ok(Response { headers, body }) => headers.encoded_len() + body.len(),
                Err(status) => {
                    let details = status.details().iter().map(|detail| detail.value.len());
                    status.message().len() + details.sum::<usize>()
                }
            };
            u32::try_from(key.len() + answer + OVERHEAD_BYTES).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder().max_capacity(bytes_max).weigher(weigh).expire_after(AtEnd);
        Self(cache.build())
    }

    pub(super) fn get(&self, key: &Key) -> Option<Arc<Entry>> {
        self.0.get(key)
    }

    pub(super) fn insert(&self, key: Key, entry: Entry) {
        self.0.insert(key, Arc::new(entry));
    }

    pub(super) fn remove(&self, key: &Key) {
        self.0.invalidate(key);
    }

    /// How many there are, and their bytes: about, for the bookkeeping lags behind.
    pub(crate) fn size(&self) -> (u64, u64) {
        (self.0.entry_count(), self.0.weighted_size())
    }
}

/// Frees the room of entries that are given no more. Whether one is given is judged apart, by tokio's clock.
struct AtEnd;

impl Expiry<Key, Arc<Entry>> for AtEnd {
    fn expire_after_create(
        &self,
        _: &Key,
        entry: &Arc<Entry>,
        _: std::time::Instant,
    ) -> Option<Duration> {
        Some(entry.end.saturating_duration_since(Instant::now()))
    }

    fn expire_after_update(
        &self,
        _: &Key,
        entry: &Arc<Entry>,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.end.saturating_duration_since(Instant::now()))
    }
}
