//! How much may be called again: all calls of a connection share it, so that a server in trouble isn't buried.

use std::time::Duration;

use tower::retry::budget::{Budget as _, TpsBudget};

/// How long a call counts.
const MEMORY: Duration = Duration::from_secs(10);

/// Calls a second that may always be repeated.
const RESERVE: u32 = 10;

/// Share of calls that may be repeated beyond.
const SHARE: f32 = 0.2;

/// What is left to repeat calls with.
#[derive(Debug)]
pub(super) struct Budget(TpsBudget);

impl Budget {
    /// Notes a call.
    pub(super) fn called(&self) {
        self.0.deposit();
    }

    /// Takes what one repetition costs; `false` when there isn't as much.
    pub(super) fn take(&self) -> bool {
        self.0.withdraw()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(TpsBudget::new(MEMORY, RESERVE, SHARE))
    }
}
