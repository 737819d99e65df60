//! What is done for a method's callers when its calls fail, dawdle or come twice.

use std::time::Duration;

use super::{BucketSpec, Cache};

/// What is done for a method's callers when its calls fail, dawdle or ask what was asked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// How calls are repeated.
    pub retry: Option<Retry>,
    /// When calls are given up for a while.
    pub breaker: Option<Breaker>,
    /// When a second call is made beside one that dawdles.
    pub hedge: Option<Hedge>,
    /// How answers are kept.
    pub cache: Option<Cache>,
}

impl Policy {
    /// Nothing is done.
    pub const NONE: Self = Self { retry: None, breaker: None, hedge: None, cache: None };

    /// Whether nothing is done, so that calls go straight to the wire.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.retry.is_none()
            && self.breaker.is_none()
            && self.hedge.is_none()
            && self.cache.is_none()
    }
}

/// How a call is repeated, where that is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all.
    pub max_attempts: u32,
    /// Limit of the first wait, which doubles with each attempt. The wait is a random time up to it.
    pub initial_backoff: Duration,
    /// Limit of every wait.
    pub max_backoff: Duration,
    /// Time that one attempt may take, if that is less than what is left of the call's.
    pub attempt_timeout: Option<Duration>,
}

/// When a method's calls are given up for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Time that is looked back on.
    pub window: Duration,
    /// Calls in the window below which nothing is concluded.
    pub min_calls: u32,
    /// Percentage of failures from which calls are given up.
    pub failure_percent: u32,
    /// Time from which a call counts as slow, if any does.
    pub slow_call: Option<Duration>,
    /// Percentage of slow calls from which calls are given up.
    pub slow_percent: u32,
    /// Time for which calls are given up before some are let through as probes.
    pub open: Duration,
    /// Probes at once, all of which must succeed.
    pub probes: u32,
}

/// When a second call is made beside one that dawdles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hedge {
    /// Time after which another call is made.
    pub delay: Duration,
    /// Calls in all.
    pub max_attempts: u32,
}

/// Where the first answer to an idempotency key is kept, to be given again.
#[derive(Debug, Clone, Copy)]
pub struct Replay {
    /// The service's bucket for answers.
    pub bucket: &'static BucketSpec,
    /// How long an answer counts.
    pub ttl: Duration,
}

/// How the limit of calls in flight follows the times that they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adaptive {
    /// Calls that may always be in flight, fewer than the fixed limit.
    pub min_limit: u32,
    /// Percentage by which calls may take longer than without a queue before the limit falls.
    pub tolerance_percent: u32,
}
