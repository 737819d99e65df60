//! When a planned action fires.

use std::time::Duration;

/// The part of a planned action that changes as it fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Game time of the next firing.
    pub due: Duration,
    /// Game time between firings; `None`: it fires once.
    pub every: Option<Duration>,
    /// Firings left, the next one included; `None`: without end if it repeats.
    pub remaining: Option<u64>,
    /// Number of the next firing, from 1.
    pub occurrence: u64,
}

/// A firing that is due, and what is left of the plan after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firing {
    /// Game time at which it was due.
    pub due: Duration,
    /// Its number, from 1.
    pub occurrence: u64,
    /// The plan from now on; `None` when this was the last firing.
    pub left: Option<Plan>,
}

impl Plan {
    /// The next firing, if it is due by this game time.
    #[must_use]
    pub fn fire(&self, game_time: Duration) -> Option<Firing> {
        let Self { due, every, remaining, occurrence } = *self;
        (due <= game_time).then(|| Firing {
            due,
            occurrence,
            left: next(due, every, remaining, occurrence),
        })
    }
}

fn next(
    due: Duration,
    every: Option<Duration>,
    remaining: Option<u64>,
    occurrence: u64,
) -> Option<Plan> {
    let due = due.checked_add(every?)?;
    let remaining = match remaining {
        Some(0 | 1) => return None,
        Some(left) => Some(left - 1),
        None => None,
    };
    Some(Plan { due, every, remaining, occurrence: occurrence + 1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Every firing up to a game time, as due times.
    fn firings(mut plan: Plan, until: Duration) -> Vec<u64> {
        let mut fired = Vec::new();
        while let Some(firing) = plan.fire(until) {
            fired.push(firing.due.as_secs());
            match firing.left {
                Some(left) => plan = left,
                None => break,
            }
        }
        fired
    }

    #[test]
    fn an_action_without_repetition_fires_once() {
        let plan = Plan { due: secs(10), every: None, remaining: None, occurrence: 1 };
        assert_eq!(plan.fire(secs(9)), None);
        assert_eq!(firings(plan, secs(1_000)), [10]);
    }

    #[test]
    fn a_leap_over_many_due_times_fires_each_of_them() {
        let plan = Plan { due: secs(10), every: Some(secs(5)), remaining: None, occurrence: 1 };
        assert_eq!(firings(plan, secs(27)), [10, 15, 20, 25]);
    }

    #[test]
    fn a_counted_repetition_ends() {
        let plan = Plan { due: secs(10), every: Some(secs(5)), remaining: Some(3), occurrence: 1 };
        assert_eq!(firings(plan, secs(1_000)), [10, 15, 20]);
    }

    #[test]
    fn occurrences_are_counted_from_one() {
        let plan = Plan { due: secs(0), every: Some(secs(1)), remaining: Some(2), occurrence: 1 };
        let first = plan.fire(secs(5)).expect("it is due");
        let second = first.left.and_then(|plan| plan.fire(secs(5))).expect("it is due again");
        assert_eq!((first.occurrence, second.occurrence, second.left), (1, 2, None));
    }
}
