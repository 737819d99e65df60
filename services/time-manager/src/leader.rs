//! Ticks every world on one instance at a time.

use std::collections::BTreeSet;
use std::time::Duration;

use bodybroker_runtime::lease::{Contender, Lease};
use bodybroker_runtime::store::{Change, Entry};
use bodybroker_runtime::{Code, Connection, Result};
use bodybroker_time_manager::v1::{TIME_LEASE_BUCKET, TimeTick};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::TimeManager;
use crate::agenda::Agenda;
use crate::clock::Pace;
use crate::convert::duration;
use crate::settings::Settings;

/// Pause before what failed is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Contends for every world, and ticks those it leads.
#[derive(Clone)]
pub(crate) struct Leader {
    connection: Connection,
    manager: TimeManager,
    settings: Settings,
}

impl Leader {
    pub(crate) fn new(connection: &Connection, manager: TimeManager, settings: Settings) -> Self {
        Self { connection: connection.clone(), manager, settings }
    }

    /// Contends for each world as it is seen for the first time.
    pub(crate) async fn run(self) {
        let mut known = BTreeSet::new();
        let mut worlds = JoinSet::new();
        loop {
            let Err(status) = self.discover(&mut known, &mut worlds).await else { return };
            tracing::warn!(%status, "looking for worlds again");
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn discover(&self, known: &mut BTreeSet<String>, worlds: &mut JoinSet<()>) -> Result<()> {
        let mut clocks = self.manager.worlds.watch().await?;
        while let Some(change) = clocks.next().await {
            if let Change::Put(Entry { key, .. }) = change?
                && known.insert(key.clone())
            {
                worlds.spawn(self.clone().contend(key));
            }
        }
        Ok(())
    }

    async fn contend(self, world_id: String) {
        let contender = Contender::new(&self.connection, &TIME_LEASE_BUCKET, &world_id)
            .validity(self.settings.lease);
        loop {
            let led = async {
                let lease = contender.acquire().await?;
                tokio::select! {
                    () = lease.lost() => Ok(()),
                    ended = self.lead(&world_id, &lease) => ended,
                }
            };
            if let Err(status) = led.await {
                tracing::warn!(world_id, %status, "leading was interrupted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Ticks a world and fires what falls due, until a later leader does.
    async fn lead(&self, world_id: &str, lease: &Lease) -> Result<()> {
        let TimeManager { worlds, schedules } = &self.manager;
        let mut agenda = Agenda::default();
        let mut pace = Pace::default();
        let mut changes = schedules.watch().await?;
        let mut ticks = tokio::time::interval(self.settings.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                change = changes.next() => match change {
                    Some(change) => agenda.note(world_id, change?),
                    None => return Ok(()),
                },
                _ = ticks.tick() => {
                    if !lease.is_held() {
                        return Ok(());
                    }
                    let Some(tick) = worlds.tick(world_id, lease.term(), &mut pace).await? else { return Ok(()) };
                    if !tick.paused {
                        self.fire(&mut agenda, &tick).await;
                    }
                }
            }
        }
    }

    /// Gives those who are due their turn. What one of them fails by holds up no other.
    async fn fire(&self, agenda: &mut Agenda, tick: &TimeTick) {
        let TimeManager { worlds, schedules } = &self.manager;
        let (due, share) = agenda.turn(duration(tick.game_time));
        for key in due {
            let Some(entry) = agenda.serve(key) else { continue };
            let Err(status) = schedules.fire(entry, share, tick, worlds).await else { continue };
            let (world_id, schedule_id) = (&entry.value.world_id, &entry.value.schedule_id);
            // Its event is refused, as one that is too long: so it would be at every tick.
            if status.code() == Code::InvalidArgument {
                tracing::warn!(world_id, schedule_id, %status, "a plan can't be fired, and is passed by until it is replaced");
                agenda.set_aside();
            } else {
                tracing::warn!(world_id, schedule_id, %status, "a plan was not fired; the next tick goes on behind it");
                return;
            }
        }
    }
}
