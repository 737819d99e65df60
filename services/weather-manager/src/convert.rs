//! Between what is stored and said, and what is counted with.

use std::time::Duration;

use bodybroker_runtime::{Result, Status, field};
use bodybroker_time_manager::v1 as time;
use bodybroker_weather_manager::v1::{
    self as proto, Condition, Weather, WeatherChanged, WeatherOverride,
};

use crate::chain;
use crate::feel::Feel;
use crate::place::{Biome, Season, Sky};
use crate::region::{Override, Region, step};

/// The region that a record is of.
///
/// # Errors
/// `DATA_LOSS` when the record names no biome.
pub(crate) fn region(record: &WeatherChanged) -> Result<Region> {
    let biome = biome(record.biome()).ok_or_else(|| {
        Status::data_loss(format!("the record of region `{}` names no biome", record.region_id))
    })?;
    Ok(Region {
        id: record.region_id.clone(),
        world: record.world_id.clone(),
        biome,
        seed: record.seed,
        over: record.weather_override.as_ref().and_then(over),
    })
}

/// The record of a region whose weather has become something else.
pub(crate) fn record(region: &Region, game_time: Duration, cause: proto::Cause) -> WeatherChanged {
    let step = step(game_time);
    WeatherChanged {
        region_id: region.id.clone(),
        world_id: region.world.clone(),
        biome: biome_number(region.biome),
        seed: region.seed,
        season: season(step),
        step,
        game_time: Some(field::of_duration(game_time)),
        weather: Some(weather(region, game_time)),
        previous: None,
        cause: cause.into(),
        weather_override: region.override_at(game_time).map(overridden),
    }
}

/// The weather of a region at a game time.
pub(crate) fn weather(region: &Region, game_time: Duration) -> Weather {
    let Feel { temperature_celsius, wind_metres_per_second, humidity, visibility_metres } =
        region.feel_at(game_time);
    Weather {
        condition: condition(region.sky_at(game_time)).into(),
        temperature_celsius,
        wind_metres_per_second,
        humidity,
        visibility_metres,
    }
}

/// The season of a step.
pub(crate) fn season(step: u64) -> i32 {
    let season = match chain::season(step) {
        Season::Spring => time::Season::Spring,
        Season::Summer => time::Season::Summer,
        Season::Autumn => time::Season::Autumn,
        Season::Winter => time::Season::Winter,
    };
    season.into()
}

/// An override as it is stored.
pub(crate) fn overridden(over: &Override) -> WeatherOverride {
    WeatherOverride {
        condition: condition(over.sky).into(),
        until: over.until.map(field::of_duration),
        reason: over.reason.clone(),
    }
}

fn over(stored: &WeatherOverride) -> Option<Override> {
    Some(Override {
        sky: sky(stored.condition())?,
        until: stored.until.map(|until| until.try_into().unwrap_or_default()),
        reason: stored.reason.clone(),
    })
}

/// What the schema calls a sky.
pub(crate) fn condition(sky: Sky) -> Condition {
    match sky {
        Sky::Clear => Condition::Clear,
        Sky::Cloudy => Condition::Cloudy,
        Sky::Overcast => Condition::Overcast,
        Sky::Fog => Condition::Fog,
        Sky::Rain => Condition::Rain,
        Sky::Storm => Condition::Storm,
        Sky::Snow => Condition::Snow,
        Sky::Blizzard => Condition::Blizzard,
        Sky::Sandstorm => Condition::Sandstorm,
    }
}

/// The sky that the schema calls this; `None` for none.
pub(crate) fn sky(condition: Condition) -> Option<Sky> {
    match condition {
        Condition::Unspecified => None,
        Condition::Clear => Some(Sky::Clear),
        Condition::Cloudy => Some(Sky::Cloudy),
        Condition::Overcast => Some(Sky::Overcast),
        Condition::Fog => Some(Sky::Fog),
        Condition::Rain => Some(Sky::Rain),
        Condition::Storm => Some(Sky::Storm),
        Condition::Snow => Some(Sky::Snow),
        Condition::Blizzard => Some(Sky::Blizzard),
        Condition::Sandstorm => Some(Sky::Sandstorm),
    }
}

/// The biome that the schema calls this; `None` for none.
pub(crate) fn biome(biome: proto::Biome) -> Option<Biome> {
    match biome {
        proto::Biome::Unspecified => None,
        proto::Biome::Temperate => Some(Biome::Temperate),
        proto::Biome::Coast => Some(Biome::Coast),
        proto::Biome::Mountain => Some(Biome::Mountain),
        proto::Biome::Desert => Some(Biome::Desert),
        proto::Biome::Swamp => Some(Biome::Swamp),
        proto::Biome::Tundra => Some(Biome::Tundra),
    }
}

/// What the schema calls a biome.
pub(crate) fn biome_number(biome: Biome) -> i32 {
    let biome = match biome {
        Biome::Temperate => proto::Biome::Temperate,
        Biome::Coast => proto::Biome::Coast,
        Biome::Mountain => proto::Biome::Mountain,
        Biome::Desert => proto::Biome::Desert,
        Biome::Swamp => proto::Biome::Swamp,
        Biome::Tundra => proto::Biome::Tundra,
    };
    biome.into()
}
