//! The regions that are followed. A write of a region is its change's event, too.

use std::time::Duration;

use bodybroker_runtime::store::Entry;
use bodybroker_runtime::{Code, Connection, Result};
use bodybroker_weather_manager::v1::{Cause, Weather, WeatherChanged, WeatherRegionStore};
use futures::TryStreamExt;

use crate::convert::{record, region};
use crate::region::{Region, step};

/// The regions that are followed.
#[derive(Debug)]
pub(crate) struct Regions(WeatherRegionStore);

impl Regions {
    pub(crate) fn open(connection: &Connection) -> Result<Self> {
        Ok(Self(WeatherRegionStore::open(connection)?))
    }

    /// A region that is followed.
    pub(crate) async fn get(&self, id: &str) -> Result<Option<Region>> {
        self.0.get(id).await?.map(|entry| region(&entry.value)).transpose()
    }

    /// Follows a region from a game time on, unless it is already.
    pub(crate) async fn follow(&self, unfollowed: &Region, game_time: Duration) -> Result<()> {
        match self.0.create(&unfollowed.id, &record(unfollowed, game_time, Cause::Step)).await {
            Err(status) if status.code() == Code::AlreadyExists => Ok(()),
            other => other.map(drop),
        }
    }

    /// Moves every region of a world on to a game time. What hasn't changed isn't written; what an instance that saw
    /// the same tick has written already is left alone.
    pub(crate) async fn advance(&self, world_id: &str, game_time: Duration) -> Result<()> {
        let mut regions = self.0.by_world(world_id).entries();
        while let Some(entry) = regions.try_next().await? {
            if entry.value.step <= step(game_time) {
                self.advance_one(&entry, game_time).await?;
            }
        }
        Ok(())
    }

    async fn advance_one(&self, entry: &Entry<WeatherChanged>, game_time: Duration) -> Result<()> {
        let next = record(&region(&entry.value)?, game_time, Cause::Step);
        if condition(&next) == condition(&entry.value)
            && next.weather_override == entry.value.weather_override
        {
            return Ok(());
        }
        let next = WeatherChanged { previous: condition(&entry.value), ..next };
        match self.0.update(&entry.key, &next, entry.revision).await {
            Err(status) if status.code() == Code::Aborted => Ok(()),
            other => other.map(drop),
        }
    }

    /// Changes a region, which is followed from now on.
    pub(crate) async fn change(
        &self,
        unfollowed: &Region,
        game_time: Duration,
        change: impl Fn(Region) -> Region,
    ) -> Result<WeatherChanged> {
        let changed = self.0.modify(&unfollowed.id, |old| {
            let before = old.as_ref().map(region).transpose()?;
            let after = change(before.unwrap_or_else(|| unfollowed.clone()));
            let previous = old.as_ref().and_then(condition);
            Ok(WeatherChanged { previous, ..record(&after, game_time, Cause::Override) })
        });
        Ok(changed.await?.value)
    }
}

fn condition(record: &WeatherChanged) -> Option<i32> {
    record.weather.as_ref().map(|weather: &Weather| weather.condition)
}
