//! A limit of calls in flight that follows the times that they take.
//!
//! What calls take without a queue, the floor, is known; from what they take now follows how many of them only wait, and
//! by as much the limit falls. This is Envoy's gradient controller: new limit = limit x (floor + tolerance) / time, and
//! the root of the limit as headroom, through which it grows. Netflix's Gradient2 compares with a long average instead,
//! which under lasting load becomes the time in the queue. Envoy measures the floor anew with few calls in flight, and so
//! does this, later on with half of them, and only where the limit was reached. From Netflix is that a limit nobody
//! reaches stays where it is.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

use crate::spec;

/// Least time between two changes of the limit.
const WINDOW: Duration = Duration::from_millis(100);
/// Calls that must have ended in it.
const SAMPLES: u32 = 16;
/// The same while the floor is measured: the sooner that is over, the better.
const SAMPLES_MEASURING: u32 = 8;
/// Where the limit begins once the floor is known, unless that is out of bounds.
const BEGINNING: u32 = 20;
/// Most that the limit falls by at once, as a share of what it was.
const GRADIENT_MIN: f64 = 0.5;
/// How far the floor follows quicker calls at once.
const FLOOR_WEIGHT: f64 = 0.25;
/// Time after which the floor is measured anew, if the limit is reached.
const MEASURE_EVERY: Duration = Duration::from_secs(30);
/// The same, as times of what measuring it took: of slow calls, it takes long.
const MEASURE_SHARE: u32 = 50;
/// Times in a row that the limit wants to fall below the least, after which the floor can't be right.
const LEAST_MAX: u32 = 5;

/// The limit of a method. Calls add to counters, and nobody waits.
#[derive(Debug)]
pub(super) struct Adaptive {
    least: f64,
    most: f64,
    /// How much of the floor calls may take, such as 1.25.
    tolerance: f64,
    limit: AtomicU32,
    /// Calls that must end before it changes.
    samples: AtomicU32,
    /// Calls that have ended in this window.
    ended: AtomicU32,
    /// What they took.
    nanos: AtomicU64,
    /// Most calls in flight at once in this window.
    peak: AtomicU32,
    origin: Instant,
    /// When this window may end, in nanoseconds since the origin.
    due: AtomicU64,
    /// Calls that arrived before don't count: there were others in flight then.
    since: AtomicU64,
    /// What only changes with the limit; who finds it locked leaves it to another.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    limit: f64,
    /// What a call takes without a queue, in nanoseconds.
    floor: Option<f64>,
    /// Since when the floor is measured, and the limit until then.
    measuring: Option<(Instant, f64)>,
    measure_at: Instant,
    /// Whether the limit was reached since the floor was measured.
    reached: bool,
    /// Times in a row that the limit wanted to be below the least.
    at_least: u32,
}

impl Adaptive {
    pub(super) fn new(policy: spec::Adaptive, max_in_flight: u32, now: Instant) -> Self {
        let spec::Adaptive { min_limit, tolerance_percent } = policy;
        let beginning = BEGINNING.max(min_limit).min(max_in_flight);
        let limit = min_limit.min(max_in_flight);
        Self {
            least: limit.into(),
            most: max_in_flight.into(),
            tolerance: 1.0 + f64::from(tolerance_percent) / 100.0,
            limit: AtomicU32::new(limit),
            ended: AtomicU32::new(0),
            nanos: AtomicU64::new(0),
            peak: AtomicU32::new(0),
            origin: now,
            due: AtomicU64::new(nanos(WINDOW)),
            samples: AtomicU32::new(SAMPLES_MEASURING),
            since: AtomicU64::new(0),
            state: Mutex::new(State {
                limit: limit.into(),
                floor: None,
                measuring: Some((now, beginning.into())),
                measure_at: now,
                reached: false,
                at_least: 0,
            }),
        }
    }

    /// Calls that may be in flight.
    pub(super) fn limit(&self) -> u32 {
        self.limit.load(Relaxed)
    }

    /// Notes that a call was let in, and is one of so many now.
    pub(super) fn entered(&self, in_flight: u32) {
        if self.peak.load(Relaxed) < in_flight {
            self.peak.fetch_max(in_flight, Relaxed);
        }
    }

    /// Notes that a call has ended just now; the new limit, if that changes it.
    pub(super) fn ended(&self, took: Duration, now: Instant) -> Option<u32> {
        let now_nanos = nanos(now.duration_since(self.origin));
        let took = nanos(took);
        if now_nanos.saturating_sub(took) < self.since.load(Relaxed) {
            return None;
        }
        self.nanos.fetch_add(took, Relaxed);
        let ended = self.ended.fetch_add(1, Relaxed) + 1;
        if ended < self.samples.load(Relaxed) || now_nanos < self.due.load(Relaxed) {
            return None;
        }
        let mut state = self.state.try_lock().ok()?;
        // Somebody else may have been first.
        if now_nanos < self.due.load(Relaxed) {
            return None;
        }
        let ended = self.ended.swap(0, Relaxed).max(1);
        let (sum, peak) = (self.nanos.swap(0, Relaxed), self.peak.swap(0, Relaxed));
        #[expect(clippy::cast_precision_loss, reason = "a microsecond of a day doesn't matter")]
        let took = sum as f64 / f64::from(ended);
        let measures = state.next(self, took, peak, now);
        if measures {
            self.since.store(now_nanos, Relaxed);
        }
        let samples = if measures { SAMPLES_MEASURING } else { SAMPLES };
        self.samples.store(samples, Relaxed);
        self.due.store(now_nanos.saturating_add(nanos(WINDOW)), Relaxed);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between two limits that fit"
        )]
        let limit = state.limit as u32;
        (self.limit.swap(limit, Relaxed) != limit).then_some(limit)
    }
}

impl State {
    /// Takes the mean time of a window's calls, of which so many were in flight at most; tells whether the floor is
    /// measured from now on.
    fn next(&mut self, of: &Adaptive, took: f64, peak: u32, now: Instant) -> bool {
        // A coarse clock says zero, and of zero by zero no limit would recover.
        let took = took.max(1.0);
        if let Some((began, limit)) = self.measuring.take() {
            self.floor = Some(took);
            self.limit = limit;
            let pause = (now.duration_since(began) * MEASURE_SHARE).max(MEASURE_EVERY);
            (self.measure_at, self.reached, self.at_least) = (now + pause, false, 0);
            return false;
        }
        let floor = self.floor.map_or(took, |floor| floor + (took - floor).min(0.0) * FLOOR_WEIGHT);
        self.floor = Some(floor);
        if f64::from(peak) * 2.0 < self.limit {
            return false;
        }
        self.reached |= f64::from(peak) + 1.0 >= self.limit;
        let gradient = (floor * of.tolerance / took).clamp(GRADIENT_MIN, 1.0);
        let wanted = self.limit * gradient;
        let wanted = wanted + wanted.sqrt();
        self.limit = wanted.clamp(of.least, of.most);
        self.at_least = if wanted < of.least { self.at_least + 1 } else { 0 };
        if self.reached && (now >= self.measure_at || self.at_least >= LEAST_MAX) {
            self.measuring = Some((now, self.limit));
            self.limit = (self.limit / 2.0).max(of.least);
        }
        self.measuring.is_some()
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
