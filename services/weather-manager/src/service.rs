//! The methods of the schema.

use std::time::Duration;

use bodybroker_runtime::field;
use bodybroker_runtime::prelude::*;
use bodybroker_time_manager::v1::TimeTick;
use bodybroker_weather_manager::v1::*;

use crate::WeatherManager;
use crate::convert::{biome, biome_number, overridden, season, sky, weather};
use crate::region::{Override, Region, step};

const DAY: Duration = Duration::from_hours(24);

/// Furthest that a forecast looks ahead in game time.
const HORIZON_MAX: Duration = Duration::from_hours(7 * 24);

#[service]
impl WeatherService for WeatherManager {
    async fn get_weather(
        &self,
        _ctx: &Context,
        request: GetWeatherRequest,
    ) -> Result<GetWeatherResponse> {
        let (region, followed) =
            self.region(&request.region_id, request.world_id.as_deref()).await?;
        let game_time = self.worlds.game_time(&region.world).await?;
        let step = step(game_time);
        Ok(GetWeatherResponse {
            biome: biome_number(region.biome),
            weather: Some(weather(&region, game_time)),
            season: season(step),
            step,
            game_time: Some(field::of_duration(game_time)),
            followed,
            weather_override: region.override_at(game_time).map(overridden),
            seed: region.seed,
            region_id: region.id,
            world_id: region.world,
        })
    }

    async fn forecast(&self, _ctx: &Context, request: ForecastRequest) -> Result<ForecastResponse> {
        let horizon =
            request.horizon.map_or(Ok(DAY), |horizon| field::duration("horizon", horizon))?;
        if horizon > HORIZON_MAX {
            return Err(Status::invalid_argument(
                "horizon is more than seven game days; ask for less",
            ));
        }
        let (region, _) = self.region(&request.region_id, request.world_id.as_deref()).await?;
        let now = self.worlds.game_time(&region.world).await?;
        let entry = |(from, _)| ForecastEntry {
            from: Some(field::of_duration(from)),
            step: step(from),
            weather: Some(weather(&region, from)),
        };
        let entries = region.outlook(now, horizon).into_iter().map(entry).collect();
        Ok(ForecastResponse { entries, region_id: region.id })
    }

    async fn override_weather(
        &self,
        _ctx: &Context,
        request: OverrideWeatherRequest,
    ) -> Result<OverrideWeatherResponse> {
        let (region, _) = self.region(&request.region_id, request.world_id.as_deref()).await?;
        let game_time = self.worlds.game_time(&region.world).await?;
        let lasts = request.lasts.map(|lasts| field::duration("lasts", lasts)).transpose()?;
        let sky = match request.condition {
            Some(_) => Some(sky(request.condition()).ok_or_else(|| unspecified("condition"))?),
            None => None,
        };
        let given = match request.biome {
            Some(_) => Some(biome(request.biome()).ok_or_else(|| unspecified("biome"))?),
            None => None,
        };
        let changed = |region: Region| Region {
            biome: given.unwrap_or(region.biome),
            over: sky.map(|sky| Override {
                sky,
                until: lasts.map(|lasts| game_time.saturating_add(lasts)),
                reason: request.reason.clone(),
            }),
            ..region
        };
        let region = self.regions.change(&region, game_time, changed).await?;
        Ok(OverrideWeatherResponse { region: Some(region) })
    }

    async fn on_time_tick(&self, _ctx: &Context, event: TimeTick) -> Result<()> {
        let game_time: Duration =
            event.game_time.and_then(|it| it.try_into().ok()).unwrap_or_default();
        if event.world_id == self.settings.world {
            for (id, _) in &self.settings.regions {
                if self.regions.get(id).await?.is_none() {
                    self.regions.follow(&self.settings.region(id, None), game_time).await?;
                }
            }
        }
        self.regions.advance(&event.world_id, game_time, &self.worlds).await
    }
}

impl WeatherManager {
    /// A region, and whether it is followed.
    async fn region(&self, id: &str, world: Option<&str>) -> Result<(Region, bool)> {
        field::id("region_id", id)?;
        Ok(match self.regions.get(id).await? {
            Some(region) => (region, true),
            None => (self.settings.region(id, world), false),
        })
    }
}

fn unspecified(name: &str) -> Status {
    Status::invalid_argument(format!("{name} is unspecified; leave it out or name one"))
}
