//! When an instance wants to leave, and when to come back: neither for a moment's trouble.

use std::time::Duration;

use tokio::time::Instant;

/// Looks in a row that must find it unwell before it leaves.
const BAD_LOOKS: u32 = 3;
/// Looks in a row that must find it well before it comes back.
const GOOD_LOOKS: u32 = 5;
/// Times the first time away that it stays away at most.
const AWAY_FACTOR_MAX: u32 = 16;

/// What an instance wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Stay,
    Leave,
    Return,
}

/// How an instance has been.
#[derive(Debug)]
pub(super) struct Patience {
    away_min: Duration,
    /// How long it stays away the next time.
    away: Duration,
    /// When it may come back.
    until: Option<Instant>,
    returned: Option<Instant>,
    bad: u32,
    good: u32,
}

impl Patience {
    pub(super) fn new(away: Duration) -> Self {
        Self { away_min: away, away, until: None, returned: None, bad: 0, good: 0 }
    }

    /// Takes a look: `here` says whether it is a member.
    pub(super) fn look(&mut self, unwell: bool, here: bool, now: Instant) -> Want {
        if unwell {
            (self.bad, self.good) = (self.bad + 1, 0);
        } else {
            (self.bad, self.good) = (0, self.good + 1);
        }
        if here {
            let steady = |at: Instant| now.duration_since(at) >= self.away_min * AWAY_FACTOR_MAX;
            if !unwell && self.returned.is_some_and(steady) {
                (self.returned, self.away) = (None, self.away_min);
            }
            return if self.bad >= BAD_LOOKS { Want::Leave } else { Want::Stay };
        }
        let may = self.good >= GOOD_LOOKS && self.until.is_none_or(|until| now >= until);
        if may { Want::Return } else { Want::Stay }
    }

    /// It has left: the next time it will stay away for twice as long.
    pub(super) fn left(&mut self, now: Instant) {
        self.until = Some(now + self.away);
        self.away = (self.away * 2).min(self.away_min * AWAY_FACTOR_MAX);
        (self.bad, self.good) = (0, 0);
    }

    /// It wanted to leave, and had to stay: it asks again after as many looks.
    pub(super) fn had_to_stay(&mut self) {
        self.bad = 0;
    }

    /// It has come back.
    pub(super) fn returned(&mut self, now: Instant) {
        self.returned = Some(now);
        (self.bad, self.good) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AWAY: Duration = Duration::from_secs(10);
    const LOOK: Duration = Duration::from_secs(1);

    /// An instance that is looked at once a second.
    struct Instance {
        patience: Patience,
        now: Instant,
        here: bool,
    }

    impl Instance {
        fn new() -> Self {
            Self { patience: Patience::new(AWAY), now: Instant::now(), here: true }
        }

        /// Looks until it leaves or comes back; how many looks that took, if it happens within an hour.
        fn until_it_moves(&mut self, unwell: impl Fn(u32) -> bool) -> Option<u32> {
            (1..=3_600).find(|look| {
                self.now += LOOK;
                match self.patience.look(unwell(*look), self.here, self.now) {
                    Want::Stay => return false,
                    Want::Leave => self.patience.left(self.now),
                    Want::Return => self.patience.returned(self.now),
                }
                self.here = !self.here;
                true
            })
        }
    }

    #[test]
    fn a_moment_of_trouble_moves_nobody() {
        let mut instance = Instance::new();
        assert_eq!(instance.until_it_moves(|look| look % BAD_LOOKS != 0), None);
        assert_eq!(instance.until_it_moves(|_| true), Some(BAD_LOOKS));
        assert_eq!(instance.until_it_moves(|look| look % GOOD_LOOKS == 0), None, "nor a good one");
    }

    #[test]
    fn who_comes_back_in_vain_stays_away_longer_each_time_up_to_a_limit() {
        let mut instance = Instance::new();
        let times: Vec<_> = (0..6)
            .map(|_| {
                assert_eq!(instance.until_it_moves(|_| true), Some(BAD_LOOKS));
                instance.until_it_moves(|_| false).expect("it comes back")
            })
            .collect();
        assert_eq!(times, [10, 20, 40, 80, 160, 160]);
    }

    #[test]
    fn who_was_well_for_long_is_away_for_the_first_time_again() {
        let mut instance = Instance::new();
        for away in [10, 20] {
            instance.until_it_moves(|_| true);
            assert_eq!(instance.until_it_moves(|_| false), Some(away));
        }
        assert_eq!(instance.until_it_moves(|_| false), None);
        instance.until_it_moves(|_| true);
        assert_eq!(instance.until_it_moves(|_| false), Some(10));
    }
}
