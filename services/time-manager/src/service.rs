//! The methods of the schema.

use std::time::Duration;

use bodybroker_runtime::field;
use bodybroker_runtime::prelude::*;
use bodybroker_time_manager::v1::schedule_request::When;
use bodybroker_time_manager::v1::*;

use crate::TimeManager;
use crate::clock::{ADVANCE_MAX, Clock, SCALES};
use crate::convert::duration;

/// Shortest game time between two firings of a plan.
const EVERY_MIN: Duration = Duration::from_secs(1);

#[service]
impl TimeService for TimeManager {
    async fn get_time(&self, _ctx: &Context, request: GetTimeRequest) -> Result<GetTimeResponse> {
        let time = self.worlds.time(field::id("world_id", &request.world_id)?).await?;
        Ok(GetTimeResponse { time: Some(time) })
    }

    async fn set_scale(
        &self,
        _ctx: &Context,
        request: SetScaleRequest,
    ) -> Result<SetScaleResponse> {
        let SetScaleRequest { world_id, scale } = request;
        if !SCALES.contains(&scale) {
            let (least, most) = (SCALES.start(), SCALES.end());
            return Err(Status::invalid_argument(format!(
                "scale is {scale}; give {least} to {most}, and to stop time, pause it"
            )));
        }
        let scaled = |clock: &Clock, now| clock.scaled(scale, now);
        let time = self.worlds.set(field::id("world_id", &world_id)?, scaled).await?;
        Ok(SetScaleResponse { time: Some(time) })
    }

    async fn pause(&self, _ctx: &Context, request: PauseRequest) -> Result<PauseResponse> {
        let paused = |clock: &Clock, now| clock.paused(true, now);
        let time = self.worlds.set(field::id("world_id", &request.world_id)?, paused).await?;
        Ok(PauseResponse { time: Some(time) })
    }

    async fn resume(&self, _ctx: &Context, request: ResumeRequest) -> Result<ResumeResponse> {
        let resumed = |clock: &Clock, now| clock.paused(false, now);
        let time = self.worlds.set(field::id("world_id", &request.world_id)?, resumed).await?;
        Ok(ResumeResponse { time: Some(time) })
    }

    async fn advance(&self, ctx: &Context, request: AdvanceRequest) -> Result<AdvanceResponse> {
        let by = field::duration("by", request.by.unwrap_or_default())?;
        if by.is_zero() || by > ADVANCE_MAX {
            return Err(Status::invalid_argument(
                "by is out of range; give a time above 0, at most ten game years",
            ));
        }
        let world_id = field::id("world_id", &request.world_id)?;
        let time = self.worlds.advance(world_id, by, key(ctx).as_deref()).await?;
        Ok(AdvanceResponse { time: Some(time) })
    }

    async fn schedule(&self, ctx: &Context, request: ScheduleRequest) -> Result<ScheduleResponse> {
        let ScheduleRequest { world_id, schedule_id, when, every, times, payload } = request;
        let now = duration(self.worlds.time(field::id("world_id", &world_id)?).await?.game_time);
        let (due, call) = match when {
            Some(When::At(at)) => (field::duration("at", at)?, None),
            Some(When::After(after)) => {
                (now.saturating_add(field::duration("after", after)?), key(ctx))
            }
            None => return Err(Status::invalid_argument("when is missing; give `at` or `after`")),
        };
        payload.as_ref().map(|payload| field::object("payload", payload)).transpose()?;
        let every = every.map(|every| field::duration("every", every)).transpose()?;
        if every.is_some_and(|every| every < EVERY_MIN) {
            return Err(Status::invalid_argument("every is below one game second; give more"));
        }
        if times == Some(0) || (every.is_none() && times.is_some_and(|times| times > 1)) {
            return Err(Status::invalid_argument(
                "times is at least 1, and more than 1 only with `every`",
            ));
        }
        let action = ScheduledAction {
            schedule_id: field::id("schedule_id", &schedule_id)?.to_owned(),
            world_id,
            due: Some(field::of_duration(due)),
            every: every.map(field::of_duration),
            remaining: times,
            payload,
            occurrence: 1,
            plan_id: String::new(),
        };
        Ok(ScheduleResponse { action: Some(self.schedules.put(action, call).await?) })
    }

    async fn unschedule(
        &self,
        _ctx: &Context,
        request: UnscheduleRequest,
    ) -> Result<UnscheduleResponse> {
        let world_id = field::id("world_id", &request.world_id)?;
        let schedule_id = field::id("schedule_id", &request.schedule_id)?;
        Ok(UnscheduleResponse { existed: self.schedules.remove(world_id, schedule_id).await? })
    }
}

/// Who calls, and the idempotency key: keys of one caller say nothing of another's.
fn key(ctx: &Context) -> Option<String> {
    Some(format!("{} {}", ctx.origin().unwrap_or_default(), ctx.idempotency_key()?))
}
