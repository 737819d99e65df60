//! What becomes of a limit, in a time that only the test makes pass.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;

const MS: Duration = Duration::from_millis(1);
const POLICY: spec::Adaptive = spec::Adaptive { min_limit: 4, tolerance_percent: 25 };

/// Callers without end, and so many workers, each of whom takes a time for a call.
struct Bench {
    adaptive: Adaptive,
    now: Instant,
    /// When each worker is free.
    workers: BinaryHeap<Reverse<Instant>>,
    /// When calls end, and when they arrived.
    calls: BinaryHeap<Reverse<(Instant, Instant)>>,
    random: SmallRng,
}

impl Bench {
    fn new(policy: spec::Adaptive, max_in_flight: u32, workers: usize) -> Self {
        let now = Instant::now();
        Self {
            adaptive: Adaptive::new(policy, max_in_flight, now),
            now,
            workers: std::iter::repeat_n(Reverse(now), workers).collect(),
            calls: BinaryHeap::new(),
            random: SmallRng::seed_from_u64(7),
        }
    }

    /// Has calls come for some seconds, always as many as the limit lets in but no more than `wanted`; every limit that
    /// there was in the last half of the time.
    fn run(
        &mut self,
        seconds: u64,
        wanted: u32,
        time: impl Fn(&mut SmallRng) -> Duration,
    ) -> Vec<u32> {
        let began = self.now;
        let (half, end) =
            (began + Duration::from_millis(seconds * 500), began + Duration::from_secs(seconds));
        let mut limits = vec![];
        while self.now < end {
            let limit = self.adaptive.limit();
            while self.calls.len() < limit.min(wanted) as usize {
                let Reverse(free) = self.workers.pop().expect("there are workers");
                let ends = free.max(self.now) + time(&mut self.random);
                self.workers.push(Reverse(ends));
                self.calls.push(Reverse((ends, self.now)));
                self.adaptive.entered(u32::try_from(self.calls.len()).unwrap_or(u32::MAX));
            }
            let Reverse((ends, arrived)) = self.calls.pop().expect("there are calls");
            self.now = self.now.max(ends);
            self.adaptive.ended(self.now.duration_since(arrived), self.now);
            if self.now > half {
                limits.push(self.adaptive.limit());
            }
        }
        limits
    }
}

fn least(limits: &[u32]) -> u32 {
    *limits.iter().min().expect("time passed")
}

fn most(limits: &[u32]) -> u32 {
    *limits.iter().max().expect("time passed")
}

/// The one in the middle: while the floor is measured the limit is half of it.
fn usual(limits: &[u32]) -> u32 {
    let mut sorted = limits.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

#[test]
fn it_comes_to_about_what_is_worked_on_at_once() {
    for workers in [8, 20, 100] {
        let mut bench = Bench::new(POLICY, 1_000, workers);
        let limits = bench.run(60, u32::MAX, |_| 10 * MS);
        let workers = u32::try_from(workers).unwrap_or(u32::MAX);
        let usual = usual(&limits);
        // By Little's law as many are in flight as there are workers; beyond that they wait for each other.
        assert!((workers..=workers * 2).contains(&usual), "{usual} for {workers}");
    }
}

#[test]
fn it_recovers_when_there_are_more_workers() {
    let mut bench = Bench::new(POLICY, 1_000, 10);
    let few = usual(&bench.run(60, u32::MAX, |_| 10 * MS));
    bench.workers.extend(std::iter::repeat_n(Reverse(bench.now), 190));
    let many = usual(&bench.run(40, u32::MAX, |_| 10 * MS));
    assert!(few <= 20 && many >= 200, "{few}, then {many}");
}

#[test]
fn it_stays_between_the_least_and_the_most() {
    let mut bench = Bench::new(POLICY, 40, 1);
    bench.run(20, u32::MAX, |_| MS);
    let limits = bench.run(200, u32::MAX, |_| 200 * MS);
    assert!(least(&limits) >= 4, "{}", least(&limits));
    let mut bench = Bench::new(POLICY, 40, 40);
    assert_eq!(most(&bench.run(30, u32::MAX, |_| 10 * MS)), 40);
}

#[test]
fn noise_does_not_make_it_fall() {
    let mut bench = Bench::new(POLICY, 200, 200);
    let exponential =
        |random: &mut SmallRng| MS.mul_f64(10.0 * -(1.0 - random.random_range(0.0..1.0_f64)).ln());
    let limits = bench.run(20, u32::MAX, exponential);
    assert!(usual(&limits) >= 150, "{}", usual(&limits));
}

#[test]
fn work_that_takes_longer_for_everybody_is_not_a_queue_for_long() {
    let mut bench = Bench::new(POLICY, 1_000, 20);
    bench.run(60, u32::MAX, |_| 10 * MS);
    let limits = bench.run(240, u32::MAX, |_| 40 * MS);
    assert!((15..=50).contains(&usual(&limits)), "{}", usual(&limits));
}

#[test]
fn a_limit_that_nobody_reaches_stays_where_it_is() {
    let mut bench = Bench::new(POLICY, 1_000, 100);
    bench.run(1, 3, |_| 10 * MS);
    let before = bench.adaptive.limit();
    let limits = bench.run(60, before / 4, |_| 10 * MS);
    assert_eq!((least(&limits), most(&limits)), (before, before));
}

#[test]
fn it_begins_with_the_least_until_it_knows_what_calls_take() {
    let mut bench = Bench::new(POLICY, 1_000, 4);
    assert_eq!(bench.adaptive.limit(), 4);
    let limits = bench.run(5, u32::MAX, |_| 5 * MS);
    assert!((4..=8).contains(&usual(&limits)), "{}", usual(&limits));
}

#[test]
fn calls_that_a_coarse_clock_saw_no_time_pass_in_leave_a_limit() {
    let mut bench = Bench::new(POLICY, 1_000, 20);
    for _ in 0..10 {
        for _ in 0..SAMPLES {
            bench.adaptive.entered(bench.adaptive.limit());
            bench.adaptive.ended(Duration::ZERO, bench.now);
        }
        bench.now += WINDOW;
    }
    assert!(bench.adaptive.limit() >= 4, "{}", bench.adaptive.limit());
    let limits = bench.run(120, u32::MAX, |_| 10 * MS);
    assert!((20..=40).contains(&usual(&limits)), "{}", usual(&limits));
}
