//! The plans of all worlds, and what has fired.

use bodybroker_runtime::store::{Entry, Store, Watch};
use bodybroker_runtime::{Code, Connection, Result, field};
use bodybroker_time_manager::v1::{
    ScheduledAction, ScheduledFired, TIME_FIRED_BUCKET, TIME_SCHEDULE_BUCKET, TimeTick,
};
use prost::Message;

use crate::convert::{duration, now, plan, planned, timestamp};
use crate::plan::Firing;

/// Firings of one plan in one tick; a leap over more fires the rest with the next ticks.
const FIRINGS_PER_TICK_MAX: usize = 256;

/// The plans of all worlds, and what has fired.
#[derive(Debug, Clone)]
pub(crate) struct Schedules {
    plans: Store<ScheduledAction>,
    fired: Store<ScheduledFired>,
}

impl Schedules {
    pub(crate) fn open(connection: &Connection) -> Result<Self> {
        Ok(Self {
            plans: connection.store(&TIME_SCHEDULE_BUCKET)?,
            fired: connection.store(&TIME_FIRED_BUCKET)?,
        })
    }

    /// Watches every plan.
    pub(crate) async fn watch(&self) -> Result<Watch<ScheduledAction>> {
        self.plans.watch_all().await
    }

    /// Plans an action. The same plan changes nothing, another one replaces it.
    pub(crate) async fn put(&self, action: ScheduledAction) -> Result<ScheduledAction> {
        let action = ScheduledAction { plan_id: fingerprint(&action), ..action };
        let key = key(&action.world_id, &action.schedule_id);
        let kept = self.plans.modify(&key, |old| match old {
            Some(old) if old.plan_id == action.plan_id => Ok(old),
            _ => Ok(action.clone()),
        });
        Ok(kept.await?.value)
    }

    /// Forgets a plan; says whether there was one.
    pub(crate) async fn remove(&self, world_id: &str, schedule_id: &str) -> Result<bool> {
        let key = key(world_id, schedule_id);
        let existed = self.plans.get(&key).await?.is_some();
        if existed {
            self.plans.remove(&key).await?;
        }
        Ok(existed)
    }

    /// Fires what is due of a plan by a tick.
    ///
    /// The record of a firing is its event, and creating it is what makes it happen once: a leader that dies between
    /// the firing and the plan's next state leaves a firing that its successor finds done.
    pub(crate) async fn fire(&self, entry: &Entry<ScheduledAction>, tick: &TimeTick) -> Result<()> {
        let game_time = duration(tick.game_time);
        let mut left = Some(plan(&entry.value));
        for _ in 0..FIRINGS_PER_TICK_MAX {
            let Some(firing) = left.and_then(|plan| plan.fire(game_time)) else { break };
            self.happen(&entry.value, &firing, tick).await?;
            left = firing.left;
        }
        if left == Some(plan(&entry.value)) {
            return Ok(());
        }
        let settled = match left {
            Some(left) => {
                self.plans.update(&entry.key, &planned(&entry.value, &left), entry.revision).await
            }
            None => self.plans.delete(&entry.key, entry.revision).await,
        };
        match settled {
            // Somebody has replaced or forgotten the plan meanwhile, and the watch says so.
            Err(status) if status.code() == Code::Aborted => Ok(()),
            other => other.map(drop),
        }
    }

    async fn happen(
        &self,
        action: &ScheduledAction,
        firing: &Firing,
        tick: &TimeTick,
    ) -> Result<()> {
        let fired = ScheduledFired {
            world_id: action.world_id.clone(),
            schedule_id: action.schedule_id.clone(),
            plan_id: action.plan_id.clone(),
            occurrence: firing.occurrence,
            due: Some(field::of_duration(firing.due)),
            game_time: tick.game_time,
            tick: tick.tick,
            payload: action.payload.clone(),
            at: Some(timestamp(now())),
        };
        let key = format!(
            "{}/{}/{}",
            key(&action.world_id, &action.schedule_id),
            action.plan_id,
            firing.occurrence
        );
        match self.fired.create(&key, &fired).await {
            Err(status) if status.code() == Code::AlreadyExists => Ok(()),
            other => other.map(drop),
        }
    }
}

/// Key of a plan: the length keeps two ids from being read as two others.
fn key(world_id: &str, schedule_id: &str) -> String {
    format!("{}/{world_id}/{schedule_id}", world_id.len())
}

/// Identifies a plan by what it says.
fn fingerprint(action: &ScheduledAction) -> String {
    let hash = blake3::hash(&action.encode_to_vec());
    hash.to_hex()[..16].to_owned()
}
