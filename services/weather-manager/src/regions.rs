//! The regions that are followed. A write of a region is its change's event, too.

use std::time::Duration;

use bodybroker_runtime::store::Entry;
use bodybroker_runtime::{Code, Connection, Result};
use bodybroker_weather_manager::v1::{Cause, Weather, WeatherChanged, WeatherRegionStore};
use futures::TryStreamExt;

use crate::convert::{record, region};
use crate::region::Region;
use crate::worlds::Worlds;

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

    /// Moves every region of a world on, whose clock has ticked at a game time. What hasn't changed isn't written.
    pub(crate) async fn advance(
        &self,
        world_id: &str,
        game_time: Duration,
        worlds: &Worlds,
    ) -> Result<()> {
        let mut regions = self.0.by_world(world_id).entries();
        while let Some(entry) = regions.try_next().await? {
            if next(&entry.value, game_time)?.is_some() {
                self.catch_up(entry, worlds).await?;
            }
        }
        Ok(())
    }

    /// Moves a region on until it is what its world's clock says.
    ///
    /// Several instances do so at once, and ticks reach them in any order. So it is the clock that is believed, asked
    /// after the region was read and again after every write: whoever writes last has seen that nothing is left to do.
    async fn catch_up(&self, mut entry: Entry<WeatherChanged>, worlds: &Worlds) -> Result<()> {
        while let Some(next) = next(&entry.value, worlds.game_time(&entry.value.world_id).await?)? {
            match self.0.update(&entry.key, &next, entry.revision).await {
                Err(status) if status.code() != Code::Aborted => return Err(status),
                Ok(_) | Err(_) => {}
            }
            let Some(latest) = self.0.get(&entry.key).await? else { break };
            entry = latest;
        }
        Ok(())
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

/// What is written of a region next; `None` while nothing has changed.
fn next(old: &WeatherChanged, game_time: Duration) -> Result<Option<WeatherChanged>> {
    let new = record(&region(old)?, game_time, Cause::Step);
    let changed = condition(&new) != condition(old) || new.weather_override != old.weather_override;
    Ok(changed.then(|| WeatherChanged { previous: condition(old), ..new }))
}

fn condition(record: &WeatherChanged) -> Option<i32> {
    record.weather.as_ref().map(|weather: &Weather| weather.condition)
}
