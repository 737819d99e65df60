//! What the calls come to: figures of each stretch of time in which the instances were the same.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::conduct::{ALL, Outcome, Reading};
use super::order::{End, Made};

/// Figures of a stretch of time.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Stretch {
    /// Whether it belongs to the spike.
    pub(super) spike: bool,
    /// Instances.
    pub(super) instances: usize,
    /// How long it lasted, in seconds.
    pub(super) seconds: f64,
    /// Calls that were due in it.
    pub(super) offered: usize,
    /// Calls that succeeded.
    pub(super) accepted: usize,
    /// Calls that were sent away in the end, and told when to come again.
    pub(super) shed: usize,
    /// Calls that were sent away, and not told.
    pub(super) untold: usize,
    /// Calls that failed otherwise.
    pub(super) failed: usize,
    /// Calls that succeeded to those that so many instances sustain.
    pub(super) goodput: f64,
    /// Requests that instances saw.
    pub(super) requests: u64,
    /// Median time in microseconds of calls that were accepted at once.
    pub(super) p50_us: u64,
    /// 99th percentile of these times.
    pub(super) p99_us: u64,
    /// The same of all calls that succeeded: those that were sent away once were told to wait.
    pub(super) p99_all_us: u64,
    /// 99th percentile of what a message took to cross the broker and come back.
    pub(super) echo_p99_us: u64,
    /// Processors that broker, instances and callers used.
    pub(super) used: [f64; 3],
    /// Processors that anybody used.
    pub(super) busy: f64,
    /// Processors that nobody used.
    pub(super) idle: f64,
}

impl Stretch {
    /// The stretch between two readings.
    pub(super) fn between(from: &Reading, to: &Reading, outcome: &Outcome) -> Self {
        let calls: Vec<_> =
            outcome.told.calls.iter().filter(|call| (from.at..to.at).contains(&at(call))).collect();
        let count = |is: &dyn Fn(End) -> bool| calls.iter().filter(|call| is(call.end)).count();
        let times = |is: &dyn Fn(End) -> bool| {
            times(calls.iter().filter(|call| is(call.end)).map(|call| call.took_us.into()))
        };
        let (offered, accepted) = (calls.len(), count(&End::is_accepted));
        let seconds = to.at.saturating_sub(from.at).as_secs_f64();
        let processors = |time: Duration| time.as_secs_f64() / seconds;
        let machine = to.machine.since(from.machine);
        let at_once = times(&|end| end == End::First);
        let echoed = outcome.crossings.iter().filter(|it| (from.at..to.at).contains(&it.at));
        let echoed =
            self::times(echoed.map(|it| it.took.as_micros().try_into().unwrap_or(u64::MAX)));
        let requests = to.seen.requests.saturating_sub(from.seen.requests);
        let sustained = outcome.all * of(from.instances) / of(ALL);
        Self {
            spike: from.spike,
            instances: from.instances,
            seconds,
            offered,
            accepted,
            shed: count(&|end| end == End::Shed),
            untold: count(&|end| end == End::Untold),
            failed: count(&|end| end == End::Failed),
            goodput: of(accepted) / seconds / sustained,
            requests,
            p50_us: at_once.value_at_quantile(0.5),
            p99_us: at_once.value_at_quantile(0.99),
            p99_all_us: times(&End::is_accepted).value_at_quantile(0.99),
            echo_p99_us: echoed.value_at_quantile(0.99),
            used: std::array::from_fn(|who| {
                processors(to.used[who].saturating_sub(from.used[who]))
            }),
            busy: processors(machine.busy),
            idle: processors(machine.idle),
        }
    }

    /// Calls a second that came.
    pub(super) fn rate(&self) -> f64 {
        of(self.offered) / self.seconds
    }

    /// Requests beyond one a call, to all requests, of some stretches together.
    pub(super) fn repeated<'a>(some: impl Iterator<Item = &'a Self>) -> f64 {
        let sum = some.fold((0, 0), |(requests, calls), stretch| {
            (requests + stretch.requests, calls + stretch.offered)
        });
        (1.0 - of(sum.1) / large(sum.0.max(1))).max(0.0)
    }

    /// Calls a second that succeeded.
    pub(super) fn accepted_rate(&self) -> f64 {
        of(self.accepted) / self.seconds
    }
}

/// A stretch in which calls are looked at together.
const WINDOW: Duration = Duration::from_millis(250);
/// So many of them in a row must be as usual.
const WINDOWS: usize = 4;

/// How long after the spike calls are as usual again: for a second none is sent away or fails, and half of them are as
/// quick as nearly all were before. None when they aren't.
pub(super) fn back(
    calls: &[Made],
    spike_end: Duration,
    end: Duration,
    usual_us: u64,
) -> Option<Duration> {
    let windows = end.saturating_sub(spike_end).as_micros() / WINDOW.as_micros();
    let is_usual = |window: u32| {
        let from = spike_end + WINDOW * window;
        let calls = || calls.iter().filter(|call| (from..from + WINDOW).contains(&at(call)));
        calls().all(|call| call.end.is_accepted())
            && times(calls().map(|call| call.took_us.into())).value_at_quantile(0.5) <= usual_us
    };
    let windows: Vec<bool> = (0..u32::try_from(windows).ok()?).map(is_usual).collect();
    let first = windows.windows(WINDOWS).position(|some| some.iter().all(|usual| *usual))?;
    Some(WINDOW * u32::try_from(first).ok()?)
}

fn at(call: &Made) -> Duration {
    Duration::from_micros(call.at_us.into())
}

fn times(times_us: impl Iterator<Item = u64>) -> Histogram<u64> {
    let mut histogram =
        Histogram::new_with_bounds(1, u64::from(u32::MAX), 3).expect("the bounds are constants");
    for time in times_us {
        histogram.saturating_record(time.max(1));
    }
    histogram
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
fn of(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
fn large(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call each millisecond for three seconds, of which those in a range are as told.
    fn calls(odd: std::ops::Range<u32>, took_us: u32, end: End) -> Vec<Made> {
        let call = |ms: u32| {
            let usual = Made { at_us: ms * 1_000, took_us: 900, end: End::First };
            if odd.contains(&ms) { Made { took_us, end, ..usual } } else { usual }
        };
        (0..3_000).map(call).collect()
    }

    fn back_of(calls: &[Made]) -> Option<Duration> {
        back(calls, Duration::from_secs(1), Duration::from_secs(3), 1_000)
    }

    #[test]
    fn calls_are_as_usual_when_they_are_for_a_second() {
        assert_eq!(back_of(&calls(0..1_000, 9_000, End::Shed)), Some(Duration::ZERO));
        let until = |ms: u64| Some(Duration::from_millis(ms));
        assert_eq!(back_of(&calls(0..1_300, 9_000, End::Shed)), until(500));
        assert_eq!(
            back_of(&calls(0..1_600, 9_000, End::Later)),
            until(500),
            "half of 1 500.. is quick"
        );
        assert_eq!(back_of(&calls(0..1_700, 9_000, End::Later)), until(750));
        assert_eq!(back_of(&calls(1_500..1_501, 900, End::Failed)), until(750));
        assert_eq!(back_of(&calls(2_100..2_101, 900, End::Failed)), until(0));
        assert_eq!(back_of(&calls(2_000..2_300, 900, End::Untold)), until(0));
        assert_eq!(back_of(&calls(1_900..2_300, 900, End::Untold)), None);
    }
}
