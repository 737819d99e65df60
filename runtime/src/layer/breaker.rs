//! Gives up on a method for a while when most of its calls fail or are slow.
//!
//! While it is closed, a call costs some atomic operations and takes no lock; only opening, probing and closing do.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::window::Window;
use crate::spec;
use crate::status::{Code, Executed, Result, Status};

mod window;

const CLOSED: u8 = 0;
const HALF_OPEN: u8 = 1;
const OPEN: u8 = 2;

/// What is known of one method.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: spec::Breaker,
    method: &'static str,
    phase: AtomicU8,
    window: Window,
    /// Guards every change of `phase`.
    probing: Mutex<Probing>,
}

#[derive(Debug)]
struct Probing {
    /// When the first probes are let through.
    until: Instant,
    under_way: u32,
    succeeded: u32,
}

impl Breaker {
    pub(super) fn new(policy: spec::Breaker, method: &'static str) -> Self {
        let now = Instant::now();
        Self {
            policy,
            method,
            phase: AtomicU8::new(CLOSED),
            window: Window::new(policy.window, now),
            probing: Mutex::new(Probing { until: now, under_way: 0, succeeded: 0 }),
        }
    }

    /// Lets something through that begins now, or refuses it.
    pub(super) async fn call<T>(
        self: &Arc<Self>,
        started: Instant,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let admitted = Admitted::ask(self, started)?;
        let result = call.await;
        admitted.ended(result.as_ref().err(), started);
        result
    }

    /// Asks for a place among the probes.
    fn probe(&self, now: Instant) -> Result<bool> {
        let mut probing = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.phase.load(Ordering::Relaxed) == CLOSED {
            return Ok(false);
        }
        let left = probing.until.saturating_duration_since(now);
        if !left.is_zero() || probing.under_way + probing.succeeded >= self.policy.probes {
            return Err(self.refuse(left));
        }
        probing.under_way += 1;
        self.turn(HALF_OPEN);
        Ok(true)
    }

    fn refuse(&self, left: Duration) -> Status {
        metrics::counter!("bb_breaker_refused_total", "method" => self.method).increment(1);
        let status = Status::unavailable(format!(
            "{} has failed too often: calls are held back for now",
            self.method
        ));
        status.with_executed(Executed::No).with_retry_after(left)
    }

    /// Counts a call that was let through while closed.
    fn count(&self, failed: bool, slow: bool, now: Instant) {
        self.window.add(failed, slow, now);
        if !(failed || slow) {
            // A good call opens nothing.
            return;
        }
        let seen = self.window.total(now);
        let reached = |count: u32, percent: u32| {
            percent > 0 && u64::from(count) * 100 >= u64::from(seen.calls) * u64::from(percent)
        };
        let policy = &self.policy;
        let open = seen.calls >= policy.min_calls
            && (reached(seen.failed, policy.failure_percent)
                || policy.slow_call.is_some() && reached(seen.slow, policy.slow_percent));
        if open {
            let mut probing = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
            if self.phase.load(Ordering::Relaxed) == CLOSED {
                self.open(&mut probing, now);
            }
        }
    }

    /// Takes the outcome of a probe; `None` when its caller left before it was known.
    fn probed(&self, good: Option<bool>, now: Instant) {
        let mut probing = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
        probing.under_way = probing.under_way.saturating_sub(1);
        if self.phase.load(Ordering::Relaxed) != HALF_OPEN {
            return;
        }
        match good {
            Some(false) => self.open(&mut probing, now),
            Some(true) => {
                probing.succeeded += 1;
                if probing.succeeded >= self.policy.probes {
                    self.window.clear();
                    self.turn(CLOSED);
                }
            }
            None => {}
        }
    }

    fn open(&self, probing: &mut Probing, now: Instant) {
        probing.until = now + self.policy.open;
        probing.succeeded = 0;
        self.turn(OPEN);
    }

    /// The method, while its calls are held back and no probe is due.
    pub(super) fn holds_back(&self, now: Instant) -> Option<&'static str> {
        if self.phase.load(Ordering::Relaxed) != OPEN {
            return None;
        }
        let probing = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
        (now < probing.until).then_some(self.method)
    }

    /// Changes the phase, with the lock held.
    fn turn(&self, phase: u8) {
        if self.phase.swap(phase, Ordering::Relaxed) == phase {
            return;
        }
        metrics::gauge!("bb_breaker_state", "method" => self.method).set(f64::from(phase));
        let state = match phase {
            CLOSED => "closed",
            HALF_OPEN => "half open",
            _ => "open",
        };
        tracing::warn!(method = self.method, state, "circuit breaker");
    }
}

/// A call that was let through.
#[derive(Debug)]
pub(super) struct Admitted {
    breaker: Arc<Breaker>,
    probe: bool,
    ended: bool,
}

impl Admitted {
    /// Lets a call through that begins now, or refuses it.
    pub(super) fn ask(breaker: &Arc<Breaker>, now: Instant) -> Result<Self> {
        let closed = breaker.phase.load(Ordering::Relaxed) == CLOSED;
        let probe = !closed && breaker.probe(now)?;
        Ok(Self { breaker: Arc::clone(breaker), probe, ended: false })
    }

    /// Notes how it ended.
    pub(super) fn ended(mut self, error: Option<&Status>, started: Instant) {
        self.ended = true;
        let now = Instant::now();
        let failed = error.is_some_and(is_failure);
        let slow = self.breaker.policy.slow_call.is_some_and(|limit| now - started >= limit);
        if self.probe {
            self.breaker.probed(Some(!failed && !slow), now);
        } else {
            self.breaker.count(failed, slow, now);
        }
    }
}

impl Drop for Admitted {
    /// A caller that left tells nothing of the method, but makes room for another probe.
    fn drop(&mut self) {
        if self.probe && !self.ended {
            self.breaker.probed(None, Instant::now());
        }
    }
}

/// Whether the server or the way there is to blame. What a caller did wrong isn't counted; nor is being shed, which
/// says itself when to come again.
fn is_failure(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Internal
            | Code::DataLoss
            | Code::UnknownOutcome
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: spec::Breaker = spec::Breaker {
        window: Duration::from_secs(10),
        min_calls: 10,
        failure_percent: 50,
        slow_call: Some(Duration::from_millis(100)),
        slow_percent: 80,
        open: Duration::from_secs(5),
        probes: 2,
    };

    fn breaker() -> Arc<Breaker> {
        Arc::new(Breaker::new(POLICY, "svc.test.v1.get"))
    }

    fn call(breaker: &Arc<Breaker>, error: Option<&Status>) -> Result<()> {
        let now = Instant::now();
        Admitted::ask(breaker, now)?.ended(error, now);
        Ok(())
    }

    fn fail(breaker: &Arc<Breaker>) -> Result<()> {
        call(breaker, Some(&Status::unavailable("down")))
    }

    fn opened() -> Arc<Breaker> {
        let breaker = breaker();
        for _ in 0..10 {
            fail(&breaker).expect("it is closed");
        }
        breaker
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_at_the_rate_and_never_below_the_number_of_calls() {
        let breaker = breaker();
        for _ in 0..9 {
            fail(&breaker).expect("too few calls to tell");
        }
        for _ in 0..10 {
            call(&breaker, None).expect("it is closed");
        }
        // 10 of 20 is half.
        fail(&breaker).expect("it is closed until now");
        let refused = call(&breaker, None).expect_err("it is open");
        assert_eq!((refused.code(), refused.executed()), (Code::Unavailable, Executed::No));
        assert_eq!(refused.retry_after(), Some(POLICY.open));
    }

    #[tokio::test(start_paused = true)]
    async fn the_mistakes_of_callers_and_shed_calls_open_nothing() {
        let breaker = breaker();
        for _ in 0..100 {
            call(&breaker, Some(&Status::invalid_argument("no"))).expect("it is closed");
            call(&breaker, Some(&Status::resource_exhausted("later"))).expect("it is closed");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn slow_calls_open_it() {
        let breaker = breaker();
        for _ in 0..10 {
            let now = Instant::now();
            let admitted = Admitted::ask(&breaker, now).expect("it is closed");
            tokio::time::advance(Duration::from_millis(150)).await;
            admitted.ended(None, now);
        }
        assert!(call(&breaker, None).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn what_lies_before_the_window_is_forgotten() {
        let breaker = breaker();
        for _ in 0..9 {
            fail(&breaker).expect("it is closed");
        }
        tokio::time::advance(Duration::from_secs(11)).await;
        for _ in 0..9 {
            fail(&breaker).expect("the first nine are forgotten");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_holds_calls_back_until_a_probe_is_due() {
        let now = Instant::now();
        assert_eq!(breaker().holds_back(now), None);
        let breaker = opened();
        assert_eq!(breaker.holds_back(now), Some("svc.test.v1.get"));
        assert_eq!(breaker.holds_back(now + POLICY.open), None);
    }

    #[tokio::test(start_paused = true)]
    async fn probes_close_it_when_all_of_them_succeed() {
        let breaker = opened();
        tokio::time::advance(POLICY.open).await;
        let now = Instant::now();
        let first = Admitted::ask(&breaker, now).expect("a probe");
        let second = Admitted::ask(&breaker, now).expect("a probe");
        assert!(Admitted::ask(&breaker, now).is_err(), "two probes at once");
        first.ended(None, now);
        assert!(Admitted::ask(&breaker, now).is_err(), "still only two");
        second.ended(None, now);
        for _ in 0..9 {
            fail(&breaker).expect("closed, with a clean record");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_that_fails_opens_it_again() {
        let breaker = opened();
        tokio::time::advance(POLICY.open).await;
        fail(&breaker).expect("a probe");
        assert!(call(&breaker, None).is_err(), "open again");
        tokio::time::advance(POLICY.open).await;
        call(&breaker, None).expect("a probe");
        call(&breaker, None).expect("another");
        call(&breaker, None).expect("closed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_whose_caller_leaves_makes_room_for_another() {
        let breaker = opened();
        tokio::time::advance(POLICY.open).await;
        for _ in 0..10 {
            drop(Admitted::ask(&breaker, Instant::now()).expect("a probe"));
        }
    }
}
