//! Ticks every world on one instance at a time.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use bodybroker_runtime::lease::{Contender, Lease};
use bodybroker_runtime::store::{Change, Entry};
use bodybroker_runtime::{Connection, Result};
use bodybroker_time_manager::v1::{ScheduledAction, TIME_LEASE_BUCKET};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::TimeManager;
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
                    let Some(tick) = worlds.tick(world_id, lease.term()).await? else { return Ok(()) };
                    for entry in agenda.0.values() {
                        schedules.fire(entry, &tick).await?;
                    }
                }
            }
        }
    }
}

/// The plans of one world, by key.
#[derive(Default)]
struct Agenda(BTreeMap<String, Entry<ScheduledAction>>);

impl Agenda {
    fn note(&mut self, world_id: &str, change: Change<ScheduledAction>) {
        match change {
            Change::Put(entry) if entry.value.world_id == world_id => {
                self.0.insert(entry.key.clone(), entry);
            }
            Change::Deleted { key, .. } => drop(self.0.remove(&key)),
            Change::Put(_) | Change::Current => {}
        }
    }
}
