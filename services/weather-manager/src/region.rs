//! A region: whose weather it is, and who has a say in it.

use std::time::Duration;

use crate::chain::{Chain, STEPS_PER_HOUR};
use crate::feel::Feel;
use crate::place::{Biome, Sky};

/// Game time of a step.
pub const STEP: Duration = Duration::from_secs(3_600 / STEPS_PER_HOUR);

/// A region.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// Name, across worlds.
    pub id: String,
    /// World whose time drives it.
    pub world: String,
    /// What kind of place it is.
    pub biome: Biome,
    /// Seed of its chain.
    pub seed: u64,
    /// Weather that somebody set.
    pub over: Option<Override>,
}

/// Weather that somebody set.
#[derive(Debug, Clone, PartialEq)]
pub struct Override {
    /// What the sky does meanwhile.
    pub sky: Sky,
    /// Game time at which it ends; `None`: when somebody ends it.
    pub until: Option<Duration>,
    /// Why, for people.
    pub reason: String,
}

impl Region {
    /// The chain that the region follows.
    #[must_use]
    pub fn chain(&self) -> Chain<'_> {
        Chain { seed: self.seed, region: &self.id, biome: self.biome }
    }

    /// The override in force at a game time.
    #[must_use]
    pub fn override_at(&self, game_time: Duration) -> Option<&Override> {
        self.over.as_ref().filter(|over| over.until.is_none_or(|until| game_time < until))
    }

    /// What the sky does at a game time.
    #[must_use]
    pub fn sky_at(&self, game_time: Duration) -> Sky {
        self.override_at(game_time)
            .map_or_else(|| self.chain().sky(step(game_time)), |over| over.sky)
    }

    /// What the weather feels like at a game time.
    #[must_use]
    pub fn feel_at(&self, game_time: Duration) -> Feel {
        Feel::of(self.chain(), step(game_time), self.sky_at(game_time))
    }

    /// What the sky will do from a game time on: the sky then, and every change within a horizon.
    #[must_use]
    pub fn outlook(&self, from: Duration, horizon: Duration) -> Vec<(Duration, Sky)> {
        let until = from.saturating_add(horizon);
        let first = (from, self.sky_at(from));
        let chain = self.chain();
        let steps = chain.skies(step(from) + 1).map(|(step, sky)| {
            let at = time(step);
            (at, self.override_at(at).map_or(sky, |over| over.sky))
        });
        let mut outlook = vec![first];
        for (at, sky) in steps.take_while(|(at, _)| *at <= until) {
            if outlook.last().is_some_and(|(_, last)| *last != sky) {
                outlook.push((at, sky));
            }
        }
        outlook
    }
}

/// The step of a game time.
#[must_use]
pub fn step(game_time: Duration) -> u64 {
    game_time.as_secs() / STEP.as_secs()
}

/// The game time at which a step begins.
#[must_use]
pub fn time(step: u64) -> Duration {
    Duration::from_secs(step.saturating_mul(STEP.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);

    fn vale() -> Region {
        Region {
            id: "vale".into(),
            world: "overworld".into(),
            biome: Biome::Temperate,
            seed: 7,
            over: None,
        }
    }

    #[test]
    fn an_outlook_begins_with_now_and_tells_only_changes() {
        let outlook = vale().outlook(DAY, DAY * 3);
        assert_eq!(outlook[0], (DAY, vale().sky_at(DAY)));
        assert!(outlook.windows(2).all(|pair| pair[0].1 != pair[1].1 && pair[0].0 < pair[1].0));
        assert!(outlook.iter().all(|(at, _)| *at <= DAY * 4));
    }

    #[test]
    fn what_was_foreseen_happens() {
        for (at, sky) in vale().outlook(DAY, DAY * 7) {
            assert_eq!(vale().sky_at(at), sky);
        }
    }

    #[test]
    fn an_override_holds_until_its_end_and_then_the_chain_goes_on() {
        let over = Override { sky: Sky::Storm, until: Some(DAY * 2), reason: "the dragon".into() };
        let region = Region { over: Some(over), ..vale() };
        assert_eq!(region.sky_at(DAY), Sky::Storm);
        assert_eq!(region.sky_at(DAY * 2), vale().sky_at(DAY * 2));
        let outlook = region.outlook(DAY, DAY * 2);
        assert!(outlook.iter().all(|(at, sky)| *at >= DAY * 2 || *sky == Sky::Storm));
    }
}
