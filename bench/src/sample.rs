//! What the conductor asks of a client, and what the client answers: a line of JSON each.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// An order to a client: call in a closed loop.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Load {
    /// Calls outstanding at any time.
    pub concurrency: usize,
    /// When to stop.
    pub until: Until,
}

/// When a round ends.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Until {
    /// After so many milliseconds.
    Millis(u64),
    /// After so many calls.
    Calls(u64),
}

impl Load {
    /// Calls until the time is over.
    #[must_use]
    pub fn lasting(concurrency: usize, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { concurrency, until: Until::Millis(millis) }
    }
}

/// What one round gave.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Sample {
    /// Calls that were answered as they should be.
    pub calls: u64,
    /// Calls that failed.
    pub failures: u64,
    /// Words of the first failure.
    pub failure: Option<String>,
    /// Length of the round in seconds.
    pub seconds: f64,
    /// Median latency in microseconds.
    pub p50_us: f64,
    /// 99th percentile of the latency in microseconds.
    pub p99_us: f64,
    /// Median time to the first frame in microseconds; streams only.
    pub first_p50_us: Option<f64>,
    /// Allocations of the client; counting builds only.
    pub allocations: Option<u64>,
}

impl Sample {
    /// Calls per second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a round counts far fewer than 2^52 calls")]
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.calls as f64 / self.seconds } else { 0.0 }
    }
}
