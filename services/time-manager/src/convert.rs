//! Between what is stored and said, and what is counted with.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bodybroker_runtime::field;
use bodybroker_time_manager::v1::{CalendarTime, ScheduledAction, Season, TimeTick, WorldTime};
use prost_types::Timestamp;

use crate::calendar::Date;
use crate::clock::Clock;
use crate::plan::Plan;

/// Real time since the Unix epoch: the time of day when the process first asks, and from then on what a monotonic clock adds.
/// So nobody who sets the time of day makes worlds leap, or stand still.
pub(crate) fn now() -> Duration {
    static BEGUN: LazyLock<(Instant, Duration)> = LazyLock::new(|| {
        (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    });
    let (began, time_of_day) = *BEGUN;
    time_of_day + began.elapsed()
}

/// The clock that a record holds.
pub(crate) fn clock(record: &TimeTick) -> Clock {
    Clock {
        tick: record.tick,
        game_time: duration(record.game_time),
        scale: record.scale,
        paused: record.paused,
        at: record.at.map(since_epoch).unwrap_or_default(),
    }
}

/// The record of a world's clock.
pub(crate) fn record(world_id: &str, clock: &Clock) -> TimeTick {
    TimeTick {
        world_id: world_id.to_owned(),
        tick: clock.tick,
        game_time: Some(field::of_duration(clock.game_time)),
        calendar: Some(calendar(clock.game_time)),
        scale: clock.scale,
        paused: clock.paused,
        at: Some(timestamp(clock.at)),
        term: None,
        advance_key: None,
    }
}

/// A world's time at a real time.
pub(crate) fn world_time(world_id: &str, clock: &Clock, at: Duration) -> WorldTime {
    let game_time = clock.game_time_at(at);
    WorldTime {
        world_id: world_id.to_owned(),
        game_time: Some(field::of_duration(game_time)),
        calendar: Some(calendar(game_time)),
        scale: clock.scale,
        paused: clock.paused,
        tick: clock.tick,
        at: Some(timestamp(at)),
    }
}

/// The part of a planned action that its firing changes.
pub(crate) fn plan(action: &ScheduledAction) -> Plan {
    Plan {
        due: duration(action.due),
        every: action.every.map(|every| duration(Some(every))),
        remaining: action.remaining,
        occurrence: action.occurrence,
    }
}

/// Writes a plan back into its action.
pub(crate) fn planned(action: &ScheduledAction, plan: &Plan) -> ScheduledAction {
    ScheduledAction {
        due: Some(field::of_duration(plan.due)),
        every: plan.every.map(field::of_duration),
        remaining: plan.remaining,
        occurrence: plan.occurrence,
        ..action.clone()
    }
}

/// A duration as stored; what is absent or negative counts as none.
pub(crate) fn duration(stored: Option<prost_types::Duration>) -> Duration {
    stored.and_then(|stored| stored.try_into().ok()).unwrap_or_default()
}

/// A real time as it is stored.
pub(crate) fn timestamp(since_epoch: Duration) -> Timestamp {
    Timestamp::from(UNIX_EPOCH + since_epoch)
}

fn since_epoch(at: Timestamp) -> Duration {
    SystemTime::try_from(at)
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .unwrap_or_default()
}

fn calendar(game_time: Duration) -> CalendarTime {
    let Date { year, season, day, hour, minute } = Date::of(game_time);
    let season = match season {
        0 => Season::Spring,
        1 => Season::Summer,
        2 => Season::Autumn,
        _ => Season::Winter,
    };
    CalendarTime {
        year,
        season: season.into(),
        day: day.into(),
        hour: hour.into(),
        minute: minute.into(),
    }
}
