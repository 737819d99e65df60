//! Gives up on a method for a while when most of its calls fail or are slow.
//!
//! While it is closed, a call costs some atomic operations and takes no lock; only opening, probing and closing do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::window::Window;
use crate::spec;
use crate::status::{Code, Executed, Result, Status};

mod window;

const CLOSED: u32 = 0;
const HALF_OPEN: u32 = 1;
const OPEN: u32 = 2;
/// How many bits of a state the phase takes; above it is the number of the round.
const PHASE_BITS: u32 = 2;

/// What is known of one method.
#[derive(Debug)]
pub(super) struct Breaker {
    policy: spec::Breaker,
    method: &'static str,
    /// The phase, and how often it has opened or closed: what began in an earlier round says nothing of this one.
    state: AtomicU32,
    window: Window,
    /// Guards every change of `state`.
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
            state: AtomicU32::new(CLOSED),
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

    fn state(&self) -> State {
        State(self.state.load(Ordering::Relaxed))
    }

    /// Asks for a place among the probes. If it has closed meanwhile, none is needed.
    fn probe(&self, now: Instant) -> Result<State> {
        let mut probing = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state().phase() == CLOSED {
            return Ok(self.state());
        }
        let left = probing.until.saturating_duration_since(now);
        if !left.is_zero() || probing.under_way + probing.succeeded >= self.policy.probes {
            return Err(self.refuse(left));
        }
        probing.under_way += 1;
        self.turn(HALF_OPEN);
        Ok(self.state())
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
            if self.state().phase() == CLOSED {
                self.open(&mut probing, now);
            }
        }
    }

    /// Takes the outcome of a probe of this round; `None` when its caller left before it was known.
    fn probed(&self, round: u32, good: Option<bool>, now: Instant) {
        let mut probing = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
        if self.state().round() != round {
            return;
        }
        probing.under_way -= 1;
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
        (probing.under_way, probing.succeeded) = (0, 0);
        self.turn(OPEN);
    }

    /// The method, while its calls are held back and no probe is due.
    pub(super) fn holds_back(&self, now: Instant) -> Option<&'static str> {
        if self.state().phase() != OPEN {
            return None;
        }
        let probing = self.probing.lock().unwrap_or_else(PoisonError::into_inner);
        (now < probing.until).then_some(self.method)
    }

    /// Changes the phase, with the lock held.
    fn turn(&self, phase: u32) {
        let before = self.state();
        if before.phase() == phase {
            return;
        }
        self.state.store(before.turned(phase).0, Ordering::Relaxed);
        metrics::gauge!("bb_breaker_state", "method" => self.method).set(f64::from(phase));
        let state = match phase {
            CLOSED => "closed",
            HALF_OPEN => "half open",
            _ => "open",
        };
        tracing::warn!(method = self.method, state, "circuit breaker");
    }
}

/// A phase of a round.
#[derive(Debug, Clone, Copy)]
struct State(u32);

impl State {
    fn phase(self) -> u32 {
        self.0 & ((1 << PHASE_BITS) - 1)
    }

    fn round(self) -> u32 {
        self.0 >> PHASE_BITS
    }

    /// Another phase: probes belong to the round in which calls are held back.
    fn turned(self, phase: u32) -> Self {
        let round = if phase == HALF_OPEN { self.round() } else { self.round().wrapping_add(1) };
        Self(round << PHASE_BITS | phase)
    }
}

/// A call that was let through.
#[derive(Debug)]
pub(super) struct Admitted {
    breaker: Arc<Breaker>,
    /// As it was then.
    state: State,
    ended: bool,
}

impl Admitted {
    /// Lets a call through that begins now, or refuses it.
    pub(super) fn ask(breaker: &Arc<Breaker>, now: Instant) -> Result<Self> {
        let mut state = breaker.state();
        if state.phase() != CLOSED {
            state = breaker.probe(now)?;
        }
        Ok(Self { breaker: Arc::clone(breaker), state, ended: false })
    }

    fn is_probe(&self) -> bool {
        self.state.phase() != CLOSED
    }

    /// Notes how it ended.
    pub(super) fn ended(mut self, error: Option<&Status>, started: Instant) {
        self.ended = true;
        let now = Instant::now();
        let failed = error.is_some_and(is_failure);
        let slow = self.breaker.policy.slow_call.is_some_and(|limit| now - started >= limit);
        let round = self.state.round();
        if self.is_probe() {
            self.breaker.probed(round, Some(!failed && !slow), now);
        } else if self.breaker.state().round() == round {
            self.breaker.count(failed, slow, now);
        }
    }
}

impl Drop for Admitted {
    /// A caller that left tells nothing of the method, but makes room for another probe.
    fn drop(&mut self) {
        if self.is_probe() && !self.ended {
            self.breaker.probed(self.state.round(), None, Instant::now());
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
    async fn what_began_before_it_opened_says_nothing_once_it_has_closed() {
        let (breaker, began) = (breaker(), Instant::now());
        let hanging: Vec<_> =
            (0..20).map(|_| Admitted::ask(&breaker, began).expect("it is closed")).collect();
        for _ in 0..10 {
            fail(&breaker).expect("it is closed");
        }
        tokio::time::advance(POLICY.open).await;
        for _ in 0..POLICY.probes {
            call(&breaker, None).expect("a probe");
        }
        for old in hanging {
            old.ended(Some(&Status::unavailable("down")), began);
        }
        call(&breaker, None).expect("the server has been well since");
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_of_an_earlier_round_has_neither_vote_nor_place() {
        let breaker = opened();
        tokio::time::advance(POLICY.open).await;
        let now = Instant::now();
        let old = Admitted::ask(&breaker, now).expect("a probe");
        fail(&breaker).expect("another, which opens it again");
        tokio::time::advance(POLICY.open).await;
        let again = Instant::now();
        let first = Admitted::ask(&breaker, again).expect("a probe");
        let second = Admitted::ask(&breaker, again).expect("the old one holds no place");
        old.ended(Some(&Status::unavailable("down")), now);
        assert!(Admitted::ask(&breaker, again).is_err(), "still only two");
        first.ended(None, again);
        second.ended(None, again);
        for _ in 0..9 {
            fail(&breaker).expect("closed, with a clean record");
        }
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
