//! The plans of all worlds, and what has fired.

use bodybroker_runtime::store::{Entry, Store, Watch};
use bodybroker_runtime::{Code, Connection, Result, Status, field};
use bodybroker_time_manager::v1::{
    ScheduledAction, ScheduledFired, TIME_FIRED_BUCKET, TIME_SCHEDULE_BUCKET, TimeTick,
};
use prost::Message;

use crate::convert::{duration, now, plan, planned, timestamp};
use crate::plan::{Firing, Plan};
use crate::worlds::Worlds;

/// What the event of a firing may have beside its payload: ids, times and headers.
const ROOM_BYTES: usize = 8 * 1024;

/// The plans of all worlds, and what has fired.
#[derive(Debug, Clone)]
pub(crate) struct Schedules {
    plans: Store<ScheduledAction>,
    fired: Store<ScheduledFired>,
    connection: Connection,
}

impl Schedules {
    pub(crate) fn open(connection: &Connection) -> Result<Self> {
        Ok(Self {
            plans: connection.store(&TIME_SCHEDULE_BUCKET)?,
            fired: connection.store(&TIME_FIRED_BUCKET)?,
            connection: connection.clone(),
        })
    }

    /// Watches every plan.
    pub(crate) async fn watch(&self) -> Result<Watch<ScheduledAction>> {
        self.plans.watch_all().await
    }

    /// Plans an action. The same plan changes nothing, another one replaces it. Where a call is named, because what it asks for
    /// depends on when it does, the plan is the same whenever the call is repeated.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when its payload is too long for the event of a firing.
    pub(crate) async fn put(
        &self,
        action: ScheduledAction,
        call: Option<String>,
    ) -> Result<ScheduledAction> {
        let bytes = action.payload.as_ref().map_or(0, Message::encoded_len);
        let most = self.connection.tx().max_payload().saturating_sub(ROOM_BYTES);
        if bytes > most {
            return Err(Status::invalid_argument(format!(
                "payload has {bytes} bytes; give at most {most}, because its event has to fit into one message"
            )));
        }
        let plan_id = match call {
            Some(call) => {
                fingerprint(&ScheduledAction { due: None, plan_id: call, ..action.clone() })
            }
            None => fingerprint(&action),
        };
        let action = ScheduledAction { plan_id, ..action };
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

    /// Fires what is due of a plan by a tick, at most so often.
    ///
    /// The record of a firing is its event, and creating it is what makes it happen once: a leader that dies between
    /// the firing and the plan's next state leaves a firing that its successor finds done.
    pub(crate) async fn fire(
        &self,
        entry: &Entry<ScheduledAction>,
        most: usize,
        tick: &TimeTick,
        worlds: &Worlds,
    ) -> Result<()> {
        let game_time = duration(tick.game_time);
        let mut left = Some(plan(&entry.value));
        let mut fired = Ok(());
        for _ in 0..most {
            let Some(firing) = left.and_then(|plan| plan.fire(game_time)) else { break };
            fired = match self.may_fire(entry, worlds).await {
                Ok(false) => break,
                Ok(true) => self.happen(&entry.value, &firing, tick).await,
                Err(status) => Err(status),
            };
            if fired.is_err() {
                break;
            }
            left = firing.left;
        }
        fired.and(self.settle(entry, left).await)
    }

    /// Whether nobody has replaced or forgotten a plan, or paused its world: who did was answered, and relies on it.
    async fn may_fire(&self, entry: &Entry<ScheduledAction>, worlds: &Worlds) -> Result<bool> {
        let plan = self.plans.get(&entry.key);
        let (plan, paused) = tokio::try_join!(plan, worlds.is_paused(&entry.value.world_id))?;
        Ok(!paused && plan.is_some_and(|plan| plan.revision == entry.revision))
    }

    /// Writes what is left of a plan after its turn.
    async fn settle(&self, entry: &Entry<ScheduledAction>, left: Option<Plan>) -> Result<()> {
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

/// Identifies a plan by what it says, and by the call where that is given.
fn fingerprint(action: &ScheduledAction) -> String {
    let hash = blake3::hash(&action.encode_to_vec());
    hash.to_hex()[..16].to_owned()
}
