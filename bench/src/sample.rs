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

    /// Divides it into so many parts, as equal as can be. Where calls are counted, each part has as many as befit it.
    pub fn divided(self, parts: usize) -> impl Iterator<Item = Self> {
        let workers = move |at: usize| self.concurrency * at / parts;
        let calls = move |all: u64, at: usize| {
            let [some, every] = [workers(at), self.concurrency.max(1)].map(|count| count as u64);
            all * some / every
        };
        (0..parts).map(move |at| Self {
            concurrency: workers(at + 1) - workers(at),
            until: match self.until {
                Until::Millis(millis) => Until::Millis(millis),
                Until::Calls(all) => Until::Calls(calls(all, at + 1) - calls(all, at)),
            },
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_divided_without_rest() {
        let parts = |concurrency, calls| -> Vec<(usize, u64)> {
            Load { concurrency, until: Until::Calls(calls) }
                .divided(3)
                .map(|part| match part.until {
                    Until::Calls(calls) => (part.concurrency, calls),
                    Until::Millis(_) => unreachable!("calls were divided"),
                })
                .collect()
        };
        assert_eq!(parts(6, 100), [(2, 33), (2, 33), (2, 34)]);
        assert_eq!(parts(1, 100), [(0, 0), (0, 0), (1, 100)]);
        assert_eq!(parts(0, 100), [(0, 0); 3]);
    }
}
