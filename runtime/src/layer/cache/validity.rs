//! Whether answers still count, by what is heard of events.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::epochs::{Epochs, Stamp};

/// How far the clocks of the processes and of the store may be apart.
const SKEW_MAX: Duration = Duration::from_secs(1);

/// What is known of events that end answers.
#[derive(Debug)]
pub(super) struct Validity {
    epochs: Epochs,
    /// Events about each place that the shared store hasn't been told of.
    untold: Box<[AtomicU32]>,
    hearing: Mutex<Hearing>,
}

/// Whether every event is heard.
#[derive(Debug)]
struct Hearing {
    /// Events that aren't listened to yet, or at present.
    missing: usize,
    is_connected: bool,
    /// Since when nothing was missed.
    since: Option<Instant>,
}

impl Validity {
    /// Knows nothing, with so many events to listen to.
    pub(super) fn new(events: usize) -> Self {
        let epochs = Epochs::new();
        let untold = (0..epochs.places()).map(|_| AtomicU32::new(0)).collect();
        let hearing = Hearing { missing: events, is_connected: true, since: None };
        Self { epochs, untold, hearing: Mutex::new(hearing) }
    }

    pub(super) fn stamp(&self, about: &str) -> Stamp {
        self.epochs.stamp(about)
    }

    pub(super) fn is_current(&self, stamp: Stamp) -> bool {
        self.epochs.is_current(stamp)
    }

    /// Whether an answer that another process has stored may be given.
    ///
    /// It was stored at most `ttl` ago. Whoever has heard every event since then, and has told the store of each, would
    /// know if it was old: nobody else needs to be relied on.
    pub(super) fn may_share(&self, stamp: Stamp, ttl: Duration) -> bool {
        let is_told = self.untold[stamp.place].load(Ordering::SeqCst) == 0;
        let since = self.hearing().since;
        is_told && since.is_some_and(|since| since.elapsed() >= ttl + SKEW_MAX)
    }

    /// An event has ended answers; the shared store is to be told, if there is one.
    pub(super) fn end(&self, place: usize, to_tell: bool) {
        if to_tell {
            // Before the answers end: who asks anew must see both.
            self.untold[place].fetch_add(1, Ordering::SeqCst);
        }
        self.epochs.end(place);
    }

    /// The shared store was told of an event; if it doesn't know, what it holds isn't trusted for a while.
    pub(super) fn told(&self, place: usize, it_knows: bool) {
        if !it_knows {
            self.hearing().begin_anew();
        }
        self.untold[place].fetch_sub(1, Ordering::SeqCst);
    }

    /// An event is listened to from now on; what was kept before may have been ended by one that nobody heard.
    pub(super) fn heard(&self) {
        let mut hearing = self.hearing();
        hearing.missing = hearing.missing.saturating_sub(1);
        self.epochs.end_all();
        hearing.begin();
    }

    /// An event isn't listened to any more.
    pub(super) fn deaf(&self) {
        let mut hearing = self.hearing();
        hearing.missing += 1;
        hearing.since = None;
    }

    /// The connection broke.
    pub(super) fn disconnected(&self) {
        let mut hearing = self.hearing();
        hearing.is_connected = false;
        hearing.since = None;
    }

    /// The connection is there again.
    pub(super) fn connected(&self) {
        let mut hearing = self.hearing();
        hearing.is_connected = true;
        self.epochs.end_all();
        hearing.begin();
    }

    fn hearing(&self) -> MutexGuard<'_, Hearing> {
        self.hearing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hearing {
    fn begin(&mut self) {
        self.since = (self.missing == 0 && self.is_connected).then(Instant::now);
    }

    fn begin_anew(&mut self) {
        self.since = self.since.map(|_| Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TTL: Duration = Duration::from_secs(5);

    async fn trusting() -> Validity {
        let validity = Validity::new(2);
        validity.heard();
        validity.heard();
        tokio::time::advance(TTL + SKEW_MAX).await;
        assert!(validity.may_share(validity.stamp("a"), TTL));
        validity
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_shared_counts_for_who_has_listened_as_long_as_it_is_kept() {
        let validity = Validity::new(2);
        let stamp = validity.stamp("a");
        validity.heard();
        tokio::time::advance(TTL * 10).await;
        assert!(!validity.may_share(stamp, TTL), "one of two isn't heard");
        validity.heard();
        assert!(!validity.is_current(stamp), "what was kept before doesn't count");
        tokio::time::advance(TTL).await;
        assert!(!validity.may_share(stamp, TTL));
        tokio::time::advance(SKEW_MAX).await;
        assert!(validity.may_share(stamp, TTL));
    }

    #[tokio::test(start_paused = true)]
    async fn a_gap_begins_it_anew() {
        let gaps: [fn(&Validity); 2] = [
            |validity| {
                validity.disconnected();
                validity.connected();
            },
            |validity| {
                validity.deaf();
                validity.heard();
            },
        ];
        for gap in gaps {
            let validity = trusting().await;
            let stamp = validity.stamp("a");
            gap(&validity);
            assert!(!validity.is_current(stamp));
            assert!(!validity.may_share(stamp, TTL));
            tokio::time::advance(TTL + SKEW_MAX).await;
            assert!(validity.may_share(stamp, TTL));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_store_was_not_told_it_is_not_asked() {
        let validity = trusting().await;
        let (stamp, other) = (validity.stamp("a"), validity.stamp("b"));
        validity.end(stamp.place, true);
        assert!(!validity.may_share(stamp, TTL) && validity.may_share(other, TTL));
        validity.told(stamp.place, true);
        assert!(validity.may_share(stamp, TTL));
        validity.end(stamp.place, true);
        validity.told(stamp.place, false);
        assert!(!validity.may_share(stamp, TTL) && !validity.may_share(other, TTL));
    }
}
