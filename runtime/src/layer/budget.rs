//! How much may be called again: all calls of a connection share it, so that a server in trouble isn't buried.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tower::retry::budget::{Budget as _, TpsBudget};

/// How long a call counts.
const MEMORY: Duration = Duration::from_secs(10);

/// Calls a second that may always be repeated.
const RESERVE: u32 = 10;

/// Share of calls that may be repeated beyond.
const SHARE: f32 = 0.2;

/// Calls that are noted at once: noting takes a lock and a look at the time.
const NOTED: u8 = 8;

/// What is left to repeat calls with.
#[derive(Debug)]
pub(super) struct Budget {
    /// Counts the calls by [`NOTED`].
    left: TpsBudget,
    called: AtomicU32,
}

impl Budget {
    /// Notes a call.
    pub(super) fn called(&self) {
        let before = self.called.fetch_add(1, Ordering::Relaxed);
        if before % u32::from(NOTED) == u32::from(NOTED) - 1 {
            self.left.deposit();
        }
    }

    /// Takes what one repetition costs; `false` when there isn't as much.
    pub(super) fn take(&self) -> bool {
        self.left.withdraw()
    }
}

impl Default for Budget {
    fn default() -> Self {
        let left = TpsBudget::new(MEMORY, RESERVE, SHARE * f32::from(NOTED));
        Self { left, called: AtomicU32::new(0) }
    }
}
