//! A world's clock: how game time follows from real time.

use std::time::Duration;

/// Slowest and fastest that game time runs, in game seconds a real second.
pub const SCALES: std::ops::RangeInclusive<f64> = 0.001..=86_400.0;

/// Longest step by which a call may move time forward: ten game years.
pub const ADVANCE_MAX: Duration = Duration::from_secs(10 * crate::calendar::YEAR_SECONDS);

/// A clock as it was last set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Clock {
    /// Counts the settings from 1.
    pub tick: u64,
    /// Game time at the last setting.
    pub game_time: Duration,
    /// Game seconds that pass in a real second.
    pub scale: f64,
    /// Whether time stands still.
    pub paused: bool,
    /// Real time of the last setting, since the Unix epoch.
    pub at: Duration,
}

impl Clock {
    /// A new world's clock, running at the pace of real time.
    #[must_use]
    pub fn begin(now: Duration) -> Self {
        Self { tick: 1, game_time: Duration::ZERO, scale: 1.0, paused: false, at: now }
    }

    /// Game time at a real time. A real time before the last setting, as another machine's clock may tell, counts as
    /// that: game time never runs backwards.
    #[must_use]
    pub fn game_time_at(&self, now: Duration) -> Duration {
        if self.paused {
            return self.game_time;
        }
        let passed = now.saturating_sub(self.at).as_secs_f64() * self.scale;
        self.game_time.saturating_add(Duration::try_from_secs_f64(passed).unwrap_or(Duration::MAX))
    }

    /// Counts one tick.
    #[must_use]
    pub fn tick(&self, now: Duration) -> Self {
        Self {
            tick: self.tick + 1,
            game_time: self.game_time_at(now),
            at: now.max(self.at),
            ..*self
        }
    }

    /// Lets time run at another pace from now on.
    #[must_use]
    pub fn scaled(&self, scale: f64, now: Duration) -> Self {
        Self { scale, ..self.tick(now) }
    }

    /// Stops time, or lets it run.
    #[must_use]
    pub fn paused(&self, paused: bool, now: Duration) -> Self {
        Self { paused, ..self.tick(now) }
    }

    /// Moves time forward, paused or not.
    #[must_use]
    pub fn advanced(&self, by: Duration, now: Duration) -> Self {
        let moved = self.tick(now);
        Self { game_time: moved.game_time.saturating_add(by), ..moved }
    }
}

/// A leader's real time: that of its machine, set forward as far as the clock that it goes on with is ahead of it. Without
/// that a world would stand still until a machine behind has caught up with the one that led before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// How far it is set forward.
    pub ahead: Duration,
}

impl Pace {
    /// The leader's time when its machine's is this.
    #[must_use]
    pub fn time(&self, machine: Duration) -> Duration {
        machine.saturating_add(self.ahead)
    }

    /// The pace after a tick of the clock when the machine's time was this.
    #[must_use]
    pub fn ticked(clock: &Clock, machine: Duration) -> Self {
        Self { ahead: clock.at.saturating_sub(machine) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn game_time_runs_at_its_scale() {
        let clock = Clock::begin(secs(100)).scaled(60.0, secs(110));
        assert_eq!(clock.game_time, secs(10));
        assert_eq!(clock.game_time_at(secs(111)), secs(70));
    }

    #[test]
    fn a_paused_clock_stands_and_goes_on_where_it_stood() {
        let paused = Clock::begin(secs(0)).paused(true, secs(10));
        assert_eq!(paused.game_time_at(secs(1_000)), secs(10));
        let resumed = paused.paused(false, secs(1_000));
        assert_eq!(resumed.game_time_at(secs(1_005)), secs(15));
    }

    #[test]
    fn a_paused_clock_can_be_advanced() {
        let clock = Clock::begin(secs(0)).paused(true, secs(10)).advanced(secs(60), secs(20));
        assert_eq!(clock.game_time_at(secs(500)), secs(70));
    }

    #[test]
    fn a_leader_behind_the_clock_goes_on_from_it() {
        let mut clock = Clock::begin(secs(5_000));
        let mut pace = Pace::default();
        let mut told = Vec::new();
        for machine in [100, 101, 103] {
            clock = clock.tick(pace.time(secs(machine)));
            pace = Pace::ticked(&clock, secs(machine));
            told.push(clock.game_time.as_secs());
        }
        assert_eq!(told, [0, 1, 3]);
        assert_eq!(pace.ahead, secs(4_900));
    }

    #[derive(Debug, Clone, Copy)]
    enum Change {
        Tick,
        Scale(f64),
        Pause(bool),
        Advance(u64),
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![
            Just(Change::Tick),
            (0.001..86_400.0).prop_map(Change::Scale),
            any::<bool>().prop_map(Change::Pause),
            (1..1_000_000_u64).prop_map(Change::Advance),
        ]
    }

    proptest! {
        #[test]
        fn game_time_never_runs_backwards(changes in prop::collection::vec((change(), 0..10_000_u64), 1..50)) {
            let mut clock = Clock::begin(secs(5_000));
            for (change, now) in changes {
                // Machines disagree about the time: `now` jumps about.
                let (now, before) = (secs(now), clock.game_time);
                clock = match change {
                    Change::Tick => clock.tick(now),
                    Change::Scale(scale) => clock.scaled(scale, now),
                    Change::Pause(paused) => clock.paused(paused, now),
                    Change::Advance(seconds) => clock.advanced(secs(seconds), now),
                };
                prop_assert!(clock.game_time >= before);
                prop_assert!(clock.game_time_at(now) >= clock.game_time);
            }
        }

        #[test]
        fn game_time_passes_as_the_leader_s_own_time_does(
            skews in prop::collection::vec((0..10_000_u64, 1..20_u64), 1..10),
            before in 0..10_000_u64,
        ) {
            // Each leader's machine is as wrong as it likes, and leads for some ticks of a second.
            let mut clock = Clock::begin(secs(before));
            for (machine, ticks) in skews {
                let mut pace = Pace::default();
                let mut taken_over = None;
                for passed in 0..=ticks {
                    let machine = secs(machine + passed);
                    clock = clock.tick(pace.time(machine));
                    pace = Pace::ticked(&clock, machine);
                    let since = *taken_over.get_or_insert(clock.game_time);
                    prop_assert_eq!(clock.game_time, since + secs(passed));
                }
            }
        }
    }
}
