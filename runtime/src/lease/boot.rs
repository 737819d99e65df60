//! The clock of leases.

#[cfg(feature = "testing")]
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// The time since the machine was started, which goes on while it is suspended.
#[derive(Debug, Default)]
pub(crate) struct BootClock {
    #[cfg(feature = "testing")]
    ahead_ms: AtomicU64,
}

impl BootClock {
    /// What it shows now.
    fn now(&self) -> Duration {
        let now = since_boot();
        #[cfg(feature = "testing")]
        let now = now + Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed));
        now
    }

    /// Goes ahead, as if the machine had been suspended.
    #[cfg(feature = "testing")]
    pub(crate) fn go_ahead(&self, by: Duration) {
        self.ahead_ms.fetch_add(crate::clock::unsigned_millis(by), Ordering::Relaxed);
    }
}

#[cfg(target_os = "linux")]
fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    clock_gettime(ClockId::Boottime).try_into().unwrap_or_default()
}

/// Only Linux is asked. Elsewhere a suspended machine isn't noticed.
#[cfg(not(target_os = "linux"))]
fn since_boot() -> Duration {
    Duration::ZERO
}

/// A moment by two clocks: the runtime's, which stands still while the machine is suspended, and the machine's, which doesn't.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) awake: Instant,
    since_boot: Duration,
}

impl Moment {
    pub(super) fn now(clock: &BootClock) -> Self {
        Self { awake: Instant::now(), since_boot: clock.now() }
    }

    pub(super) fn after(self, span: Duration) -> Self {
        Self { awake: self.awake + span, since_boot: self.since_boot + span }
    }

    /// Whether it is over by either clock.
    pub(super) fn is_over(self, clock: &BootClock) -> bool {
        let now = Self::now(clock);
        now.awake >= self.awake || now.since_boot >= self.since_boot
    }
}
