//! Readings of clocks, and what follows from them.

use std::time::Duration;

use super::{CALLERS_MAX, Callers, Late, SKEW_MAX_MS};
use crate::stamp::{STEP_MS, Stamp};

/// What the server's clock shows when a test begins.
const START_MS: i64 = 1_700_000_000_000 / STEP_MS * STEP_MS;
/// Time that requests have.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A caller whose clock is wrong, and the server.
#[derive(Default)]
struct Pair {
    callers: Callers,
    /// By how much the caller's clock is ahead.
    ahead_ms: i64,
    clock: u32,
}

impl Pair {
    fn new(ahead_ms: i64) -> Self {
        Self { ahead_ms, ..Self::default() }
    }

    /// A request that was sent `sent_ms` after the start, and took `took_ms`.
    fn request(&mut self, sent_ms: i64, took_ms: i64) -> Result<(), Late> {
        let told_ms = START_MS + sent_ms + self.ahead_ms;
        let step_ms = told_ms - told_ms.rem_euclid(STEP_MS);
        let stamp = Stamp { sent_ms: step_ms, clock: self.clock, timeout: None };
        let now_ms = START_MS + sent_ms + took_ms;
        self.callers.judge(b"1z141z3yu4skr", &stamp, TIMEOUT, now_ms)
    }
}

#[test]
fn what_has_just_been_sent_is_believed_whatever_the_clock_says() {
    for ahead_ms in [-5_000, -1_001, -200, 0, 77, 1_000, 5_000] {
        let mut pair = Pair::new(ahead_ms);
        for sent_ms in (0..10_000).step_by(37) {
            assert_eq!(pair.request(sent_ms, 3), Ok(()), "{ahead_ms} {sent_ms}");
        }
    }
}

#[test]
fn what_waited_longer_than_its_caller_is_late_and_no_sooner() {
    for ahead_ms in [-4_000, 0, 4_000] {
        for phase_ms in 0..STEP_MS {
            let mut pair = Pair::new(ahead_ms);
            assert_eq!(pair.request(phase_ms, 1), Ok(()));
            for sent_ms in 1_000..1_000 + STEP_MS {
                assert!(pair.request(sent_ms, 2_000).is_ok(), "its caller may still wait");
                // Two steps, one for each stamp, and the time that the first request took.
                assert!(pair.request(sent_ms, 2_001 + 2 * STEP_MS).is_err());
                assert!(pair.request(sent_ms, 20_000).is_err());
            }
        }
    }
}

#[test]
fn an_unknown_caller_is_believed_within_what_clocks_may_differ() {
    let whole = 2_000 + SKEW_MAX_MS;
    assert!(Pair::new(0).request(0, whole).is_ok());
    let mut pair = Pair::new(0);
    assert!(pair.request(0, whole + 2 * STEP_MS).is_err());
    // A whole buffer of them: each is younger than the one before, and that makes none of them fresh.
    let judged: Vec<_> =
        (0..20_000).step_by(50).map(|sent| pair.request(sent, 20_000 - sent)).collect();
    let handled = judged.iter().filter(|judged| judged.is_ok()).count();
    assert!(i64::try_from(handled).unwrap() <= (whole + 2 * STEP_MS) / 50, "{handled}");
    // The last of them were fresh, so that now the clock is known.
    assert!(pair.request(20_000, 2_200).is_err());
}

#[test]
fn a_clock_that_is_wrong_by_an_hour_is_disbelieved_once() {
    for ahead_ms in [-3_600_000, 3_600_000] {
        let mut pair = Pair::new(ahead_ms);
        assert_eq!(pair.request(0, 0), Err(Late(-ahead_ms)));
        // Nobody who waits has heard of it, so what comes proves nothing.
        assert!(pair.request(10, 0).is_err());
        pair.clock = 1;
        assert_eq!(pair.request(100, 0), Ok(()));
        assert!(pair.request(200, 2_200).is_err());
        assert_eq!(pair.request(3_000, 0), Ok(()));
    }
}

#[test]
fn instances_need_not_agree_on_a_clock() {
    // One instance has the caller's time, the other one's is an hour off. Names that one asks for disturb no other.
    let (mut near, mut far) = (Pair::new(0), Pair::new(3_600_000));
    let mut refused = 0;
    for round in 0..20 {
        for of_far in [false, true] {
            let clock = near.clock.max(far.clock);
            let pair = if of_far { &mut far } else { &mut near };
            pair.clock = clock;
            if pair.request(round * 1_000, 0).is_err() {
                pair.clock += 1;
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1);
    assert!(near.request(20_000, 2_200).is_err() && far.request(20_000, 2_200).is_err());
}

#[test]
fn a_caller_that_was_suspended_is_disbelieved_once() {
    let mut pair = Pair::new(0);
    assert_eq!(pair.request(0, 0), Ok(()));
    pair.ahead_ms = -600_000;
    assert!(pair.request(600_000, 0).is_err());
    pair.clock = 1;
    assert_eq!(pair.request(600_010, 0), Ok(()));
}

#[test]
fn a_clock_that_lost_less_than_callers_wait_loses_no_call() {
    let mut pair = Pair::new(0);
    assert_eq!(pair.request(0, 0), Ok(()));
    pair.ahead_ms = -1_800;
    assert_eq!(pair.request(10, 0), Ok(()));
    assert!(pair.request(20, 2_200).is_err());
    assert_eq!(pair.request(30, 0), Ok(()));
}

#[test]
fn a_server_that_was_suspended_believes_everybody() {
    let mut pair = Pair::new(0);
    assert_eq!(pair.request(0, 0), Ok(()));
    pair.ahead_ms = 600_000;
    assert_eq!(pair.request(10, 0), Ok(()));
    assert!(pair.request(20, 2_200).is_err());
}

#[test]
fn a_name_that_was_given_elsewhere_proves_nothing() {
    let mut pair = Pair::new(0);
    assert_eq!(pair.request(0, 0), Ok(()));
    pair.clock = 3;
    assert!(pair.request(10, 20_000).is_err());
}

#[test]
fn clocks_that_drift_are_followed() {
    let mut pair = Pair::new(0);
    let mut at_ms = 0;
    // A caller's clock that loses 100 millionths, heard of each minute for a month.
    for _ in 0..60 * 24 * 30 {
        at_ms += 60_000;
        pair.ahead_ms = -at_ms / 10_000;
        assert_eq!(pair.request(at_ms, 0), Ok(()), "{at_ms}");
    }
    assert!(pair.request(at_ms, 2_200).is_err());
}

#[test]
fn what_was_sent_before_a_complaint_and_comes_after_it_changes_nothing() {
    let mut pair = Pair::new(-60_000);
    assert!(pair.request(0, 0).is_err());
    pair.clock = 1;
    assert_eq!(pair.request(10, 0), Ok(()));
    pair.clock = 0;
    assert!(pair.request(0, 5_000).is_err(), "over another connection, and late");
    pair.clock = 1;
    assert!(pair.request(2_000, 4_000).is_err(), "what is old still is");
    pair.clock = 2;
    assert_eq!(pair.request(7_000, 0), Ok(()));
}

#[test]
fn strangers_make_a_caller_forgotten_and_memory_no_larger() {
    let mut pair = Pair::new(-60_000);
    pair.clock = 1;
    assert!(pair.request(0, 0).is_err());
    pair.clock = 2;
    assert_eq!(pair.request(0, 0), Ok(()));
    let stranger = |callers: &mut Callers, id: usize| {
        let stamp = Stamp { sent_ms: START_MS, clock: 0, timeout: None };
        callers.judge(&id.to_le_bytes(), &stamp, TIMEOUT, START_MS).unwrap();
    };
    for id in 0..CALLERS_MAX {
        stranger(&mut pair.callers, id);
    }
    assert_eq!(pair.request(0, 0), Ok(()), "it was heard of among the last so many");
    for id in 0..4 * CALLERS_MAX {
        stranger(&mut pair.callers, id);
    }
    assert!(pair.request(0, 0).is_err());
    assert!(pair.callers.lately.len() + pair.callers.before.len() <= 2 * CALLERS_MAX);
}

#[test]
fn readings_that_nobody_can_have_overflow_nothing() {
    let mut callers = Callers::default();
    for sent_ms in [i64::MIN, 0, i64::MAX] {
        for clock in [0, u32::MAX] {
            for timeout in [Duration::ZERO, Duration::MAX] {
                let stamp = Stamp { sent_ms, clock, timeout: None };
                for now_ms in [0, START_MS, i64::MAX] {
                    let _ = callers.judge(b"a", &stamp, timeout, now_ms);
                }
            }
        }
    }
}
