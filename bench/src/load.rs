//! The closed loop: so many workers, each with one call outstanding.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::sample::{Load, Sample, Until};

/// One worker's way to make the call. It is kept warm between rounds.
pub trait Caller: Send + Sized + 'static {
    /// Makes the call once; a stream is read to its end, and the time to its first frame is the answer.
    fn call(&mut self) -> impl Future<Output = anyhow::Result<Option<Duration>>> + Send;
}

/// Runs rounds for a client process.
pub trait Driver {
    /// Runs a round, and returns what its workers noted.
    fn run(&mut self, load: Load) -> impl Future<Output = anyhow::Result<Vec<Log>>>;
}

/// A driver that keeps a pool of callers, made on demand.
pub struct Pool<C, F> {
    make: F,
    idle: Vec<C>,
}

impl<C: Caller, F: AsyncFnMut() -> anyhow::Result<C>> Pool<C, F> {
    /// Makes an empty pool.
    pub fn new(make: F) -> Self {
        Self { make, idle: Vec::new() }
    }
}

impl<C: Caller, F: AsyncFnMut() -> anyhow::Result<C>> Driver for Pool<C, F> {
    async fn run(&mut self, load: Load) -> anyhow::Result<Vec<Log>> {
        while self.idle.len() < load.concurrency {
            let caller = (self.make)().await.context("a caller can't be made")?;
            self.idle.push(caller);
        }
        let end = End::new(load.until);
        let mut workers = JoinSet::new();
        for caller in self.idle.drain(self.idle.len() - load.concurrency..) {
            workers.spawn(work(caller, end.clone()));
        }
        let mut logs = Vec::with_capacity(load.concurrency);
        while let Some(done) = workers.join_next().await {
            let (caller, log) = done.context("a worker panicked")?;
            self.idle.push(caller);
            logs.push(log);
        }
        Ok(logs)
    }
}

/// What a worker noted: plain numbers, so that noting costs next to nothing and is evaluated after the round.
#[derive(Debug, Default)]
pub struct Log {
    latencies_ns: Vec<u32>,
    firsts_ns: Vec<u32>,
    failures: u64,
    failure: Option<String>,
}

impl Log {
    /// Notes a call that succeeded.
    pub fn note(&mut self, latency: Duration, first: Option<Duration>) {
        self.latencies_ns.push(nanos(latency));
        if let Some(first) = first {
            self.firsts_ns.push(nanos(first));
        }
    }

    /// Notes a call that failed.
    pub fn fail(&mut self, why: impl FnOnce() -> String) {
        self.failures += 1;
        self.failure.get_or_insert_with(why);
    }

    /// Sums up what all workers noted.
    #[must_use]
    pub fn summary(logs: &[Self], elapsed: Duration) -> Sample {
        let latencies = histogram(logs.iter().flat_map(|log| &log.latencies_ns));
        let firsts = histogram(logs.iter().flat_map(|log| &log.firsts_ns));
        Sample {
            calls: latencies.len(),
            failures: logs.iter().map(|log| log.failures).sum(),
            failure: logs.iter().find_map(|log| log.failure.clone()),
            seconds: elapsed.as_secs_f64(),
            p50_us: micros(&latencies, 0.5),
            p99_us: micros(&latencies, 0.99),
            first_p50_us: (!firsts.is_empty()).then(|| micros(&firsts, 0.5)),
            allocations: None,
        }
    }
}

async fn work<C: Caller>(mut caller: C, end: End) -> (C, Log) {
    let mut log = Log::default();
    let mut now = Instant::now();
    while end.goes_on(now) {
        let result = caller.call().await;
        let then = std::mem::replace(&mut now, Instant::now());
        match result {
            Ok(first) => log.note(now - then, first),
            Err(error) => {
                log.fail(|| format!("{error:#}"));
                // Most failures come at once, and a loop of them would starve the process.
                tokio::task::yield_now().await;
            }
        }
    }
    (caller, log)
}

/// The end of a round, shared by its workers.
#[derive(Debug, Clone)]
pub enum End {
    /// A moment.
    At(Instant),
    /// Calls left to start.
    Left(Arc<AtomicU64>),
}

impl End {
    /// Fixes the end of a round that starts now.
    #[must_use]
    pub fn new(until: Until) -> Self {
        match until {
            Until::Millis(millis) => Self::At(Instant::now() + Duration::from_millis(millis)),
            Until::Calls(calls) => Self::Left(Arc::new(AtomicU64::new(calls))),
        }
    }

    /// Whether another call starts.
    #[must_use]
    pub fn goes_on(&self, now: Instant) -> bool {
        match self {
            Self::At(end) => now < *end,
            Self::Left(left) => left
                .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1))
                .is_ok(),
        }
    }
}

fn nanos(time: Duration) -> u32 {
    u32::try_from(time.as_nanos()).unwrap_or(u32::MAX)
}

fn histogram<'a>(values: impl Iterator<Item = &'a u32>) -> Histogram<u32> {
    let mut histogram =
        Histogram::new_with_bounds(1, u64::from(u32::MAX), 3).expect("the bounds are constants");
    for &value in values {
        histogram.saturating_record(u64::from(value).max(1));
    }
    histogram
}

#[expect(clippy::cast_precision_loss, reason = "latencies stay below 2^32 nanoseconds")]
fn micros(histogram: &Histogram<u32>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Instantly(u32);

    impl Caller for Instantly {
        async fn call(&mut self) -> anyhow::Result<Option<Duration>> {
            self.0 += 1;
            anyhow::ensure!(!self.0.is_multiple_of(10), "every tenth fails");
            Ok(None)
        }
    }

    #[tokio::test]
    async fn a_round_of_so_many_calls_makes_exactly_so_many() {
        let mut pool = Pool::new(async || Ok(Instantly(0)));
        let logs = pool.run(Load { concurrency: 1, until: Until::Calls(100) }).await.unwrap();
        let sample = Log::summary(&logs, Duration::from_secs(1));
        assert_eq!((sample.calls, sample.failures), (90, 10));
        assert_eq!(sample.failure.as_deref(), Some("every tenth fails"));
    }
}
