//! What a sky feels like: temperature, wind, humidity, sight.

use crate::chain::{Chain, STEPS_PER_DAY, season};
use crate::draw::Draw;
use crate::place::{Biome, Season, Sky};

/// Weather in figures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feel {
    /// Degrees Celsius.
    pub temperature_celsius: f64,
    /// Metres a second.
    pub wind_metres_per_second: f64,
    /// From 0 to 1.
    pub humidity: f64,
    /// Metres.
    pub visibility_metres: f64,
}

impl Feel {
    /// Tells what a sky feels like in a place at a step.
    #[must_use]
    pub fn of(chain: Chain<'_>, step: u64, sky: Sky) -> Self {
        let Chain { seed, region, biome } = chain;
        let (cooling, wind, humidity, visibility_metres) = touch(sky);
        let (warm, swing) = warmth(biome, season(step));
        let noise = Draw::of("feel", seed, region, step).unit() - 0.5;
        let temperature = warm + swing * daylight(step) - cooling + noise * 2.0;
        Self {
            temperature_celsius: tenths(if sky.freezes() {
                temperature.min(0.0)
            } else {
                temperature
            }),
            wind_metres_per_second: tenths(wind * (1.0 + noise * 0.5)),
            humidity: tenths(humidity * 10.0 + noise).clamp(0.0, 10.0) / 10.0,
            visibility_metres,
        }
    }
}

impl Sky {
    /// Whether it is never seen above the freezing point.
    #[must_use]
    pub fn freezes(self) -> bool {
        matches!(self, Self::Snow | Self::Blizzard)
    }
}

/// Cooling in degrees, wind in metres a second, humidity from 0 to 1, sight in metres.
fn touch(sky: Sky) -> (f64, f64, f64, f64) {
    match sky {
        Sky::Clear => (0.0, 2.0, 0.4, 40_000.0),
        Sky::Cloudy => (1.0, 3.0, 0.5, 30_000.0),
        Sky::Overcast => (2.5, 4.0, 0.65, 15_000.0),
        Sky::Fog => (3.0, 0.5, 0.97, 150.0),
        Sky::Rain => (4.0, 6.0, 0.9, 4_000.0),
        Sky::Storm => (5.0, 18.0, 0.95, 1_500.0),
        Sky::Snow => (6.0, 4.0, 0.85, 1_000.0),
        Sky::Blizzard => (9.0, 20.0, 0.9, 50.0),
        Sky::Sandstorm => (1.0, 17.0, 0.1, 80.0),
    }
}

/// Mean temperature of a day and how far noon lies above it, in degrees Celsius.
fn warmth(biome: Biome, season: Season) -> (f64, f64) {
    let (year, range, swing) = match biome {
        Biome::Temperate => (10.0, 10.0, 5.0),
        Biome::Coast => (12.0, 6.0, 3.0),
        Biome::Mountain => (2.0, 9.0, 6.0),
        Biome::Desert => (26.0, 9.0, 13.0),
        Biome::Swamp => (18.0, 7.0, 4.0),
        Biome::Tundra => (-10.0, 14.0, 4.0),
    };
    let above = match season {
        Season::Summer => range,
        Season::Winter => -range,
        Season::Spring | Season::Autumn => 0.0,
    };
    (year + above, swing)
}

/// From -1 in the small hours to 1 in the early afternoon.
#[expect(clippy::cast_precision_loss, reason = "a step of the day is below 48")]
fn daylight(step: u64) -> f64 {
    const WARMEST_HOUR: f64 = 14.0;
    let hour = (step % STEPS_PER_DAY) as f64 / 2.0;
    ((hour - WARMEST_HOUR) / 24.0 * std::f64::consts::TAU).cos()
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALE: Chain<'_> = Chain { seed: 7, region: "vale", biome: Biome::Temperate };

    #[test]
    fn noon_is_warmer_than_midnight() {
        let at = |hour: u64| Feel::of(VALE, hour * 2, Sky::Clear).temperature_celsius;
        assert!(at(14) > at(2) + 5.0, "{} and {}", at(14), at(2));
    }

    #[test]
    fn snow_is_never_warm() {
        assert!((0..10_000).all(|step| Feel::of(VALE, step, Sky::Snow).temperature_celsius <= 0.0));
    }

    #[test]
    fn humidity_is_a_share() {
        for step in 0..5_000 {
            let feel = Feel::of(VALE, step, Sky::Fog);
            assert!((0.0..=1.0).contains(&feel.humidity), "{feel:?}");
        }
    }
}
