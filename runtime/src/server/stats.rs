//! What a server counts beyond discovery: what admission refused, and where a method's handlers run.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::adaptive::Adaptive;
use crate::spec::MethodSpec;
use crate::status::{Code, Executed, Status};
use crate::telemetry::recorder;
use crate::telemetry::times::Times;

/// Time on the reading task above which a method's handlers get a task of their own from the start.
const INLINE_NANOS_MAX: u64 = 20_000;

/// What a shed caller is told to wait: long enough for handlers to end, short enough not to be idle.
const RETRY_AFTER: Duration = Duration::from_millis(25);

/// Weight of a new measurement is one in 2 to this power.
const SMOOTHING: u32 = 3;

/// Counts of a method since its server's start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointStats {
    /// The method.
    pub method: &'static str,
    /// Requests that arrived, whatever became of them.
    pub received: u64,
    /// Requests that were admitted and have ended, however.
    pub ended: u64,
    /// Requests refused because too many were in flight.
    pub shed: u64,
    /// Requests that had expired when they arrived.
    pub expired: u64,
    /// Requests refused for their reply subject.
    pub refused: u64,
    /// Handlers dropped because their caller gave up.
    pub cancelled: u64,
}

/// What is kept for a method.
pub(super) struct Method {
    pub(super) spec: &'static MethodSpec,
    times: Option<&'static Times>,
    in_flight: AtomicU32,
    adaptive: Option<Box<Adaptive>>,
    inline_nanos: AtomicU64,
    pub(super) received: AtomicU64,
    pub(super) ended: AtomicU64,
    shed: AtomicU64,
    pub(super) expired: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) cancelled: AtomicU64,
}

impl Method {
    pub(super) fn new(spec: &'static MethodSpec) -> Self {
        Self {
            spec,
            times: Times::of(spec),
            in_flight: AtomicU32::new(0),
            adaptive: spec
                .adaptive
                .map(|policy| Box::new(Adaptive::new(policy, spec.max_in_flight, Instant::now()))),
            inline_nanos: AtomicU64::new(0),
            received: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            shed: AtomicU64::new(0),
            expired: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst) as usize
    }

    /// Takes a place among the calls in flight; `false` when all are taken.
    pub(super) fn enter(&self) -> bool {
        let before = self.in_flight.fetch_add(1, Ordering::SeqCst);
        if before >= self.limit() {
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
            return false;
        }
        if let Some(adaptive) = &self.adaptive {
            adaptive.entered(before + 1);
        }
        true
    }

    /// Notes that a request is refused for want of room, and tells its caller so.
    pub(super) fn shed(&self, why: String) -> Status {
        self.shed.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("bb_requests_shed_total", "method" => self.spec.subject).increment(1);
        Status::resource_exhausted(why).with_executed(Executed::No).with_retry_after(RETRY_AFTER)
    }

    /// Calls that may be in flight now.
    pub(super) fn limit(&self) -> u32 {
        self.adaptive.as_ref().map_or(self.spec.max_in_flight, |adaptive| adaptive.limit())
    }

    /// Notes how long a call took that has just ended. What was refused by its handler, or given up by its caller, tells
    /// nothing of a queue.
    pub(super) fn took(&self, took: Duration, how: Result<(), &Status>) {
        let Some(adaptive) = &self.adaptive else { return };
        if how.is_err_and(|status| status.code() != Code::DeadlineExceeded) {
            return;
        }
        if let Some(limit) = adaptive.ended(took, Instant::now()) {
            metrics::gauge!("bb_limit", "method" => self.spec.subject).set(limit);
        }
    }

    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how long the first poll of a handler took.
    pub(super) fn polled(&self, took: Duration) {
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        // Two threads that meet here lose one measurement of many.
        let old = self.inline_nanos.load(Ordering::Relaxed);
        let new = old - (old >> SMOOTHING) + (took >> SMOOTHING);
        self.inline_nanos.store(new, Ordering::Relaxed);
    }

    /// Whether handlers are cheap enough to be polled on the reading task.
    pub(super) fn is_cheap(&self) -> bool {
        self.inline_nanos.load(Ordering::Relaxed) <= INLINE_NANOS_MAX
    }

    /// What is timed of the method, while anybody cares.
    pub(super) fn times(&self) -> Option<&'static Times> {
        self.times.filter(|_| recorder::is_on())
    }

    pub(super) fn snapshot(&self) -> EndpointStats {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        EndpointStats {
            method: self.spec.name,
            received: get(&self.received),
            ended: get(&self.ended),
            shed: get(&self.shed),
            expired: get(&self.expired),
            refused: get(&self.refused),
            cancelled: get(&self.cancelled),
        }
    }
}
