//! One timer for all calls of a connection.
//!
//! A call writes its deadline into its slot and goes on; the timer sleeps until the earliest it has seen and then
//! looks at every slot. Where time-outs are alike, that is once per time-out however many calls there are, so a
//! call pays one atomic store instead of an entry in a timer wheel.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::Inner;
use super::slot::sweep;

pub(super) struct Timer {
    start: Instant,
    /// The tick at which the next sweep is due. A call that ends earlier must ask for one sooner.
    next: AtomicU64,
    sooner: Notify,
}

impl Timer {
    pub(super) fn start() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            next: AtomicU64::new(u64::MAX),
            sooner: Notify::new(),
        })
    }

    /// Sweeps the slots until the multiplexer is gone.
    pub(super) fn watch(self: &Arc<Self>, mux: Weak<Inner>) {
        let timer = Arc::clone(self);
        tokio::spawn(async move {
            loop {
                // While the slots are looked at, a call that arms itself can't know whether it was seen: so it asks.
                timer.next.store(u64::MAX, Ordering::SeqCst);
                let Some(inner) = mux.upgrade() else { return };
                let next = sweep(&inner, timer.tick(Instant::now()));
                drop(inner);
                timer.next.store(next, Ordering::SeqCst);
                if next == u64::MAX {
                    timer.sooner.notified().await;
                } else {
                    let at = timer.start + Duration::from_micros(next);
                    let _ = tokio::time::timeout_at(at, timer.sooner.notified()).await;
                }
            }
        });
    }

    /// Sets the tick at which a slot is to be looked at.
    pub(super) fn arm(&self, expires: &AtomicU64, at: u64) {
        expires.store(at, Ordering::SeqCst);
        if at < self.next.load(Ordering::SeqCst) {
            self.sooner.notify_one();
        }
    }

    /// Lets the sweeping task notice that the multiplexer is gone.
    pub(super) fn stop(&self) {
        self.sooner.notify_one();
    }

    /// The moment of a tick.
    pub(super) fn at(&self, tick: u64) -> Instant {
        self.start + Duration::from_micros(tick)
    }

    /// Microseconds since the timer started.
    pub(super) fn tick(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.start).as_micros()).unwrap_or(u64::MAX - 1)
    }
}
