//! Counters of one method of one instance.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::status::Status;

/// What a method has done since the instance started. Cheap to add to from any thread.
#[derive(Debug, Default)]
pub struct MethodStats {
    requests: AtomicU64,
    errors: AtomicU64,
    nanoseconds: AtomicU64,
    last_error: Mutex<String>,
}

/// The counters at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) requests: u64,
    pub(super) errors: u64,
    pub(super) nanoseconds: u64,
    pub(super) last_error: String,
}

impl MethodStats {
    /// Adds a call that was answered.
    pub fn succeeded(&self, took: Duration) {
        self.requests.fetch_add(1, Relaxed);
        self.nanoseconds.fetch_add(nanoseconds(took), Relaxed);
    }

    /// Adds a call that failed, and keeps its words as ADR-32 has them: `<code>:<description>`.
    pub fn failed(&self, took: Duration, status: &Status) {
        self.succeeded(took);
        self.errors.fetch_add(1, Relaxed);
        if let Ok(mut last) = self.last_error.lock() {
            *last = format!("{}:{}", status.code().http(), status.message());
        }
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            requests: self.requests.load(Relaxed),
            errors: self.errors.load(Relaxed),
            nanoseconds: self.nanoseconds.load(Relaxed),
            last_error: self.last_error.lock().map(|last| last.clone()).unwrap_or_default(),
        }
    }
}

fn nanoseconds(took: Duration) -> u64 {
    u64::try_from(took.as_nanos()).unwrap_or(u64::MAX)
}
