//! The clock that requests are stamped with.
//!
//! It begins as the time of day and then goes on as the monotonic clock does. So the clocks of two machines are about
//! as far apart as their times of day were when the processes began, and nobody who sets the time of day moves one.

use std::future::pending;
use std::sync::OnceLock;
#[cfg(feature = "testing")]
use std::sync::atomic::AtomicI64;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep_until};

use crate::stamp::{STEP_MS, Stamp};

/// Milliseconds since 1970 that this process's clock shows at a moment.
pub(crate) fn millis(at: Instant) -> i64 {
    static BEGUN: OnceLock<(Instant, i64)> = OnceLock::new();
    let (began, time_of_day) = BEGUN.get_or_init(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        (Instant::now(), whole_millis(now.unwrap_or_default()))
    });
    time_of_day + whole_millis(at.saturating_duration_since(*began))
}

/// A duration in milliseconds, as far as the type reaches.
pub(crate) fn whole_millis(duration: Duration) -> i64 {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    seconds.saturating_mul(1000).saturating_add(i64::from(duration.subsec_millis()))
}

/// The same for texts that know no sign.
pub(crate) fn unsigned_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Completes at a moment; without one, never.
pub(crate) async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// The clock of a connection, which has a name of its own until a server disbelieves it.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    name: AtomicU32,
    #[cfg(feature = "testing")]
    wrong_ms: AtomicI64,
}

impl Clock {
    /// The stamp of what is sent now, and until when it remains the same unless the clock is renamed.
    pub(crate) fn stamp(&self, now: Instant) -> (Stamp, Instant) {
        let ms = millis(now);
        #[cfg(feature = "testing")]
        let ms = ms + self.wrong_ms.load(Ordering::Relaxed);
        let into_step = ms.rem_euclid(STEP_MS);
        let left = u64::try_from(STEP_MS - into_step).unwrap_or_default();
        let stamp = Stamp { sent_ms: ms - into_step, clock: self.name(), timeout: None };
        (stamp, now + Duration::from_millis(left))
    }

    /// The name of the clock.
    pub(crate) fn name(&self) -> u32 {
        self.name.load(Ordering::Relaxed)
    }

    /// Notes that a server disbelieved a stamp of the clock while it bore this name. From now on it has another, which
    /// tells the server that whatever it is sent was sent after it said so.
    pub(crate) fn disbelieved(&self, name: u32) {
        self.name.fetch_max(name.saturating_add(1), Ordering::Relaxed);
    }

    /// Sets the clock wrong, as of its next step.
    #[cfg(feature = "testing")]
    pub(crate) fn set_wrong(&self, by_ms: i64) {
        self.wrong_ms.store(by_ms, Ordering::Relaxed);
    }
}
