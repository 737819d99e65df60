//! The chain of weathers: a Markov chain for each biome and season that any step can be read from directly.
//!
//! Every step has one draw, made of the seed, the region and the step. One draw in [`MEMORY_STEPS`] starts the chain
//! afresh, whatever came before. So the weather of a step is found by going back to the last fresh start and walking
//! forward: no history is kept, and every instance finds the same.

use crate::draw::Draw;
use crate::place::{Biome, Season, Sky};

/// Steps in a game hour.
pub const STEPS_PER_HOUR: u64 = 2;

/// Steps in a game day.
pub const STEPS_PER_DAY: u64 = 24 * STEPS_PER_HOUR;

/// How many steps the chain remembers on average: a game day.
const MEMORY_STEPS: u64 = STEPS_PER_DAY;

/// A region as the chain sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain<'a> {
    /// Seed of all draws.
    pub seed: u64,
    /// Name of the region.
    pub region: &'a str,
    /// What kind of place it is.
    pub biome: Biome,
}

impl Chain<'_> {
    /// What the sky does at a step.
    #[must_use]
    pub fn sky(&self, step: u64) -> Sky {
        let start = (0..=step).rev().find(|step| self.starts_afresh(*step)).unwrap_or(0);
        let fresh = self.draw(start).pick(climate(self.biome, season(start)));
        (start + 1..=step).fold(fresh, |sky, step| self.next(sky, step))
    }

    /// What the sky does at every step from `from` on, without end.
    pub fn skies(&self, from: u64) -> impl Iterator<Item = (u64, Sky)> {
        let first = (from, self.sky(from));
        std::iter::successors(Some(first), |(step, sky)| {
            Some((step + 1, self.next(*sky, step + 1)))
        })
    }

    fn next(&self, sky: Sky, step: u64) -> Sky {
        if self.starts_afresh(step) {
            return self.draw(step).pick(climate(self.biome, season(step)));
        }
        next(climate(self.biome, season(step)), sky, self.draw(step))
    }

    fn starts_afresh(&self, step: u64) -> bool {
        step == 0 || Draw::of("fresh", self.seed, self.region, step).one_in(MEMORY_STEPS)
    }

    fn draw(&self, step: u64) -> Draw {
        Draw::of("sky", self.seed, self.region, step)
    }
}

/// Season of a step. A year has four seasons of 30 days.
#[must_use]
pub fn season(step: u64) -> Season {
    Season::ALL[usize::try_from(step / (30 * STEPS_PER_DAY) % 4).unwrap_or(0)]
}

/// One step of the chain: the sky stays as it is, or moves to a neighbour, more often to one that fits the climate.
fn next(climate: &[(Sky, u32)], sky: Sky, draw: Draw) -> Sky {
    /// How much rather the sky stays than moves, against the weight of a neighbour in the climate.
    const INERTIA: u32 = 6;
    let of = |wanted: Sky| {
        climate.iter().find(|(sky, _)| *sky == wanted).map_or(0, |(_, weight)| *weight)
    };
    let mut row = vec![(sky, of(sky).max(1) * INERTIA)];
    row.extend(sky.neighbours().iter().map(|near| (*near, of(*near))));
    draw.pick(&row)
}

/// How often each sky is seen, as weights.
fn climate(biome: Biome, season: Season) -> &'static [(Sky, u32)] {
    use Sky::{Blizzard, Clear, Cloudy, Fog, Overcast, Rain, Sandstorm, Snow, Storm};
    match (biome, season) {
        (Biome::Temperate, Season::Spring) => {
            &[(Clear, 30), (Cloudy, 30), (Overcast, 15), (Rain, 20), (Fog, 3), (Storm, 2)]
        }
        (Biome::Temperate, Season::Summer) => {
            &[(Clear, 50), (Cloudy, 25), (Overcast, 8), (Rain, 10), (Storm, 7)]
        }
        (Biome::Temperate, Season::Autumn) => {
            &[(Clear, 20), (Cloudy, 25), (Overcast, 22), (Rain, 20), (Fog, 10), (Storm, 3)]
        }
        (Biome::Temperate, Season::Winter) => &[
            (Clear, 22),
            (Cloudy, 22),
            (Overcast, 26),
            (Snow, 20),
            (Fog, 5),
            (Blizzard, 2),
            (Rain, 3),
        ],
        (Biome::Coast, Season::Winter) => {
            &[(Clear, 15), (Cloudy, 22), (Overcast, 25), (Rain, 22), (Fog, 8), (Storm, 8)]
        }
        (Biome::Coast, _) => {
            &[(Clear, 32), (Cloudy, 26), (Overcast, 12), (Rain, 14), (Fog, 12), (Storm, 4)]
        }
        (Biome::Mountain, Season::Summer) => {
            &[(Clear, 40), (Cloudy, 25), (Overcast, 10), (Rain, 12), (Fog, 5), (Storm, 8)]
        }
        (Biome::Mountain, Season::Winter) => {
            &[(Clear, 22), (Cloudy, 18), (Overcast, 20), (Snow, 28), (Blizzard, 12)]
        }
        (Biome::Mountain, _) => &[
            (Clear, 25),
            (Cloudy, 24),
            (Overcast, 16),
            (Rain, 12),
            (Snow, 12),
            (Fog, 8),
            (Storm, 3),
        ],
        (Biome::Desert, Season::Winter) => {
            &[(Clear, 62), (Cloudy, 24), (Overcast, 6), (Rain, 3), (Sandstorm, 5)]
        }
        (Biome::Desert, _) => &[(Clear, 76), (Cloudy, 12), (Sandstorm, 11), (Storm, 1)],
        (Biome::Swamp, Season::Winter) => {
            &[(Clear, 12), (Cloudy, 22), (Overcast, 26), (Rain, 18), (Fog, 22)]
        }
        (Biome::Swamp, _) => {
            &[(Clear, 20), (Cloudy, 22), (Overcast, 16), (Rain, 22), (Fog, 14), (Storm, 6)]
        }
        (Biome::Tundra, Season::Summer) => {
            &[(Clear, 34), (Cloudy, 30), (Overcast, 18), (Rain, 10), (Fog, 8)]
        }
        (Biome::Tundra, _) => {
            &[(Clear, 24), (Cloudy, 18), (Overcast, 18), (Snow, 26), (Blizzard, 14)]
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn biome() -> impl Strategy<Value = Biome> {
        proptest::sample::select(Biome::ALL)
    }

    proptest! {
        #[test]
        fn the_same_seed_gives_the_same_weather(seed: u64, region in "[a-z]{1,12}", biome in biome(), from in 0..50_000_u64) {
            let chain = Chain { seed, region: &region, biome };
            for (step, sky) in chain.skies(from).take(200) {
                prop_assert_eq!(sky, chain.sky(step), "walked to {} and read there", step);
            }
        }

        #[test]
        fn the_sky_only_moves_to_a_neighbour_unless_it_starts_afresh(seed: u64, biome in biome(), from in 0..50_000_u64) {
            let chain = Chain { seed, region: "vale", biome };
            let steps: Vec<_> = chain.skies(from).take(200).collect();
            for pair in steps.windows(2) {
                let ((_, before), (step, after)) = (pair[0], pair[1]);
                prop_assert!(
                    before == after || before.neighbours().contains(&after) || chain.starts_afresh(step),
                    "{:?} became {:?}", before, after
                );
            }
        }

        #[test]
        fn no_sky_is_seen_that_the_climate_does_not_know(seed: u64, biome in biome(), step in 0..50_000_u64) {
            let chain = Chain { seed, region: "vale", biome };
            let sky = chain.sky(step);
            // A sky of the season before may linger until the chain moves.
            let lingers = season(step.saturating_sub(10 * STEPS_PER_DAY)) != season(step);
            let known = climate(biome, season(step)).iter().any(|(known, _)| *known == sky);
            prop_assert!(known || lingers, "{:?} in {:?}", sky, season(step));
        }
    }

    #[test]
    fn another_seed_or_region_has_another_weather() {
        let skies = |seed, region| -> Vec<Sky> {
            Chain { seed, region, biome: Biome::Temperate }
                .skies(0)
                .take(500)
                .map(|(_, sky)| sky)
                .collect()
        };
        assert_ne!(skies(1, "vale"), skies(2, "vale"));
        assert_ne!(skies(1, "vale"), skies(1, "hill"));
    }

    #[test]
    fn the_weather_changes_a_few_times_a_day_and_not_every_step() {
        let skies: Vec<_> = Chain { seed: 7, region: "vale", biome: Biome::Temperate }
            .skies(0)
            .take(10_000)
            .collect();
        let changes = skies.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
        assert!((300..4_000).contains(&changes), "{changes} changes in 10 000 steps");
    }
}
