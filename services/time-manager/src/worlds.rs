//! The clocks of all worlds. A write of a clock is its tick's event, too.

use std::time::Duration;

use bodybroker_runtime::store::{Store, Watch};
use bodybroker_runtime::{Connection, Result, Status};
use bodybroker_time_manager::v1::{TIME_CLOCK_BUCKET, TimeTick, WorldTime};

use crate::clock::{Clock, Pace};
use crate::convert::{clock, now, record, world_time};

/// How far the times of machines are commonly apart.
const SKEW_MAX: Duration = Duration::from_secs(1);

/// The clocks of all worlds.
#[derive(Debug, Clone)]
pub(crate) struct Worlds(Store<TimeTick>);

impl Worlds {
    pub(crate) fn open(connection: &Connection) -> Result<Self> {
        Ok(Self(connection.store(&TIME_CLOCK_BUCKET)?))
    }

    /// Begins a world that hasn't.
    pub(crate) async fn begin(&self, world_id: &str) -> Result<()> {
        if self.0.get(world_id).await?.is_none() {
            self.change(world_id, Clone::clone).await?;
        }
        Ok(())
    }

    /// Watches every clock.
    pub(crate) async fn watch(&self) -> Result<Watch<TimeTick>> {
        self.0.watch_all().await
    }

    /// A world's time now.
    pub(crate) async fn time(&self, world_id: &str) -> Result<WorldTime> {
        let entry = self.0.get(world_id).await?.ok_or_else(|| {
            Status::not_found(format!(
                "world `{world_id}` hasn't begun; a call that changes its time begins it"
            ))
        })?;
        Ok(world_time(world_id, &clock(&entry.value), now()))
    }

    /// Whether a world's time stands still.
    pub(crate) async fn is_paused(&self, world_id: &str) -> Result<bool> {
        Ok(self.0.get(world_id).await?.is_some_and(|entry| entry.value.paused))
    }

    /// Sets a world's clock, which begins if it hasn't.
    pub(crate) async fn set(
        &self,
        world_id: &str,
        set: impl Fn(&Clock, Duration) -> Clock,
    ) -> Result<WorldTime> {
        let at = now();
        let set = self.change(world_id, |old| record(world_id, &set(&clock(old), at))).await?;
        Ok(world_time(world_id, &clock(&set), at))
    }

    /// Moves a world's time forward, once for each key.
    pub(crate) async fn advance(
        &self,
        world_id: &str,
        by: Duration,
        key: Option<&str>,
    ) -> Result<WorldTime> {
        let at = now();
        let set = self.change(world_id, |old| {
            if key.is_some() && old.advance_key.as_deref() == key {
                return old.clone();
            }
            let advanced = record(world_id, &clock(old).advanced(by, at));
            TimeTick { advance_key: key.map(str::to_owned), ..advanced }
        });
        Ok(world_time(world_id, &clock(&set.await?), at))
    }

    /// Ticks a world as the leader of a term, at a pace that the tick may change; `None` when a later leader has.
    pub(crate) async fn tick(
        &self,
        world_id: &str,
        term: u64,
        pace: &mut Pace,
    ) -> Result<Option<TimeTick>> {
        let machine = now();
        let at = pace.time(machine);
        let ticked = self.0.modify(world_id, |old| {
            let old = old.unwrap_or_else(|| record(world_id, &Clock::begin(at)));
            if old.term > Some(term) {
                return Err(Status::failed_precondition("a later leader ticks this world"));
            }
            let ticked = record(world_id, &clock(&old).tick(at));
            Ok(TimeTick { term: Some(term), advance_key: old.advance_key, ..ticked })
        });
        match ticked.await {
            Ok(entry) => {
                let now = Pace::ticked(&clock(&entry.value), machine);
                if now.ahead > pace.ahead + SKEW_MAX {
                    let ahead = now.ahead.as_secs();
                    tracing::warn!(
                        world_id,
                        ahead,
                        "this machine's time is seconds behind the clock; the world goes on from the clock"
                    );
                }
                *pace = now;
                Ok(Some(entry.value))
            }
            Err(status) if status.code() == bodybroker_runtime::Code::FailedPrecondition => {
                Ok(None)
            }
            Err(status) => Err(status),
        }
    }

    /// Changes a clock on behalf of a caller. Term and key are what the last leader and the last `Advance` left.
    async fn change(
        &self,
        world_id: &str,
        change: impl Fn(&TimeTick) -> TimeTick,
    ) -> Result<TimeTick> {
        let changed = self.0.modify(world_id, |old| {
            let old = old.unwrap_or_else(|| record(world_id, &Clock::begin(now())));
            let new = change(&old);
            let advance_key = new.advance_key.or(old.advance_key);
            Ok(TimeTick { term: old.term, advance_key, ..new })
        });
        Ok(changed.await?.value)
    }
}
