//! Counts over the last seconds, without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// Parts that a window has: it moves on by one at a time.
const PARTS: u64 = 10;

/// Counts over a time that moves along.
///
/// Whoever is first in a new part clears what it held before. A call that is counted in that instant may be lost, which
/// a rate over many can bear.
#[derive(Debug)]
pub(super) struct Window {
    began: Instant,
    part: Duration,
    parts: Vec<Part>,
}

#[derive(Debug, Default)]
struct Part {
    /// Which stretch of time it counts, from 1.
    stretch: AtomicU64,
    calls: AtomicU32,
    failed: AtomicU32,
    slow: AtomicU32,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) calls: u32,
    pub(super) failed: u32,
    pub(super) slow: u32,
}

impl Window {
    pub(super) fn new(length: Duration, now: Instant) -> Self {
        let part = (length / 10).max(Duration::from_millis(1));
        Self { began: now, part, parts: (0..PARTS).map(|_| Part::default()).collect() }
    }

    /// Counts a call.
    pub(super) fn add(&self, failed: bool, slow: bool, now: Instant) {
        let stretch = self.stretch(now);
        let Some(part) = self.parts.get(usize::try_from(stretch % PARTS).unwrap_or(0)) else {
            return;
        };
        let held = part.stretch.load(Ordering::Acquire);
        if held < stretch
            && part
                .stretch
                .compare_exchange(held, stretch, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
        {
            part.clear();
        }
        part.calls.fetch_add(1, Ordering::Relaxed);
        if failed {
            part.failed.fetch_add(1, Ordering::Relaxed);
        }
        if slow {
            part.slow.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds up what lies in the window.
    pub(super) fn total(&self, now: Instant) -> Seen {
        let stretch = self.stretch(now);
        let recent =
            self.parts.iter().filter(|part| part.stretch.load(Ordering::Acquire) + PARTS > stretch);
        recent.fold(Seen::default(), |seen, part| Seen {
            calls: seen.calls + part.calls.load(Ordering::Relaxed),
            failed: seen.failed + part.failed.load(Ordering::Relaxed),
            slow: seen.slow + part.slow.load(Ordering::Relaxed),
        })
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        self.parts.iter().for_each(Part::clear);
    }

    /// The stretch of time that a moment lies in, from 1.
    fn stretch(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.began).as_nanos();
        u64::try_from(since / self.part.as_nanos()).unwrap_or(u64::MAX - PARTS) + 1
    }
}

impl Part {
    fn clear(&self) {
        self.calls.store(0, Ordering::Relaxed);
        self.failed.store(0, Ordering::Relaxed);
        self.slow.store(0, Ordering::Relaxed);
    }
}
