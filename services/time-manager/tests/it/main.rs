//! Game time over a real server.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, SystemTime};

use bodybroker_runtime::prelude::*;
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::store::Watch;
use bodybroker_runtime::testing::TestEnv;
use bodybroker_time_manager::v1::schedule_request::When;
use bodybroker_time_manager::v1::time_service::SPEC;
use bodybroker_time_manager::v1::*;
use time_manager::{Settings, TimeManager};

mod firing;
mod repeated;

const WORLD: &str = "overworld";

fn settings() -> Settings {
    Settings {
        worlds: vec![WORLD.to_owned()],
        tick: Duration::from_millis(20),
        lease: Duration::from_millis(600),
    }
}

async fn provisioned() -> TestEnv {
    let streams = bodybroker_common::v1::STREAMS;
    TestEnv::provisioned(Provisioner::new().streams(streams).service(&SPEC)).await
}

async fn serve(env: &TestEnv) {
    env.serve(async |connection: &Connection| {
        TimeManager::start_with(connection, settings()).await
    })
    .await;
}

/// The clock's writes from now on.
async fn ticks(env: &TestEnv) -> Watch<TimeTick> {
    let clocks = env.connection().store::<TimeTick>(&TIME_CLOCK_BUCKET).unwrap();
    clocks.watch(WORLD).await.unwrap()
}

async fn next(ticks: &mut Watch<TimeTick>) -> TimeTick {
    loop {
        if let Change::Put(entry) = ticks.next().await.unwrap().unwrap() {
            return entry.value;
        }
    }
}

fn game_time(time: Option<WorldTime>) -> Duration {
    time.unwrap().game_time.unwrap().try_into().unwrap()
}

fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

fn advance(by: i64) -> AdvanceRequest {
    AdvanceRequest { world_id: WORLD.into(), by: Some(seconds(by)) }
}

fn pause() -> PauseRequest {
    PauseRequest { world_id: WORLD.into() }
}

fn resume() -> ResumeRequest {
    ResumeRequest { world_id: WORLD.into() }
}

fn plan(id: &str, at: i64, every: Option<i64>, times: Option<u64>) -> ScheduleRequest {
    ScheduleRequest {
        world_id: WORLD.into(),
        schedule_id: id.into(),
        when: Some(When::At(seconds(at))),
        every: every.map(seconds),
        times,
        payload: None,
    }
}

/// What has fired so far, as schedule and occurrence.
async fn fired(env: &TestEnv) -> Vec<(String, u64)> {
    let fired = env.connection().store::<ScheduledFired>(&TIME_FIRED_BUCKET).unwrap();
    let entries = fired.entries().await.unwrap();
    entries.into_iter().map(|entry| (entry.value.schedule_id, entry.value.occurrence)).collect()
}

async fn until_fired(env: &TestEnv, count: usize) -> Vec<(String, u64)> {
    let mut ticks = ticks(env).await;
    loop {
        let fired = fired(env).await;
        if fired.len() >= count {
            return fired;
        }
        next(&mut ticks).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_instances_one_ticks_a_world() {
    let env = provisioned().await;
    serve(&env).await;
    serve(&env).await;
    let mut ticks = ticks(&env).await;
    let mut last = next(&mut ticks).await;
    let mut led = Vec::new();
    while led.len() < 40 {
        let tick = next(&mut ticks).await;
        assert_eq!(tick.tick, last.tick + 1, "ticks have no hole");
        assert!(tick.game_time.unwrap().seconds >= last.game_time.unwrap().seconds);
        led.extend(tick.term);
        last = tick;
    }
    led.dedup();
    assert_eq!(led.len(), 1, "one leader in one term: {led:?}");
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_instance_goes_on_when_the_leader_stops() {
    let env = provisioned().await;
    serve(&env).await;
    let mut ticks = ticks(&env).await;
    let first = loop {
        let tick = next(&mut ticks).await;
        if tick.term.is_some() {
            break tick;
        }
    };
    env.drain().await;
    serve(&env).await;
    let taken_over = loop {
        let tick = next(&mut ticks).await;
        if tick.term > first.term {
            break tick;
        }
    };
    assert!(taken_over.tick > first.tick);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_world_stands_still_until_it_is_resumed() {
    let env = provisioned().await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    time.set_scale(SetScaleRequest { world_id: WORLD.into(), scale: 3_600.0 }).await.unwrap();
    let paused = time.pause(pause()).await.unwrap();
    let mut ticks = ticks(&env).await;
    for _ in 0..5 {
        next(&mut ticks).await;
    }
    let later = time.get_time(GetTimeRequest { world_id: WORLD.into() }).await.unwrap();
    assert_eq!(game_time(later.time), game_time(paused.time));
    let resumed = time.resume(resume()).await.unwrap();
    assert_eq!(
        resumed.time.as_ref().unwrap().scale.to_bits(),
        3_600.0_f64.to_bits(),
        "at the scale it had"
    );
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_world_whose_clock_lies_ahead_goes_on_from_it() {
    let env = provisioned().await;
    let clocks = env.connection().store::<TimeTick>(&TIME_CLOCK_BUCKET).unwrap();
    let ahead = SystemTime::now() + Duration::from_hours(1);
    let clock = TimeTick {
        world_id: WORLD.into(),
        tick: 7,
        game_time: Some(seconds(1_000)),
        scale: 1_000.0,
        at: Some(ahead.into()),
        ..TimeTick::default()
    };
    clocks.create(WORLD, &clock).await.unwrap();
    serve(&env).await;
    let mut ticks = ticks(&env).await;
    while next(&mut ticks).await.game_time.unwrap().seconds < 1_010 {}
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advance_repeated_under_its_key_moves_time_once() {
    let env = provisioned().await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    time.pause(pause()).await.unwrap();
    let once = time.advance(advance(60)).idempotency_key("leap").await.unwrap();
    let again = time.advance(advance(60)).idempotency_key("leap").await.unwrap();
    assert_eq!(game_time(once.time), game_time(again.time));
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_occurrence_fires_once_whoever_leads() {
    let env = provisioned().await;
    serve(&env).await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    time.pause(pause()).await.unwrap();
    time.schedule(plan("bell", 1_000, Some(100), Some(4))).await.unwrap();
    time.schedule(plan("once", 1_050, None, None)).await.unwrap();
    time.schedule(plan("never", 1_000_000, None, None)).await.unwrap();
    time.advance(advance(1_150)).idempotency_key("first").await.unwrap();
    time.resume(resume()).await.unwrap();
    let mut early = until_fired(&env, 3).await;
    early.sort();
    assert_eq!(early, [("bell".into(), 1), ("bell".into(), 2), ("once".into(), 1)]);

    env.drain().await;
    serve(&env).await;
    time.advance(advance(10_000)).idempotency_key("second").await.unwrap();
    let mut late = until_fired(&env, 5).await;
    late.sort();
    assert_eq!(late[..4], [1, 2, 3, 4].map(|occurrence| ("bell".to_owned(), occurrence)));
    assert_eq!(late.len(), 5, "{late:?}");
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_plan_does_not_fire() {
    let env = provisioned().await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    time.pause(pause()).await.unwrap();
    time.schedule(plan("bell", 1_000, None, None)).await.unwrap();
    time.schedule(plan("kept", 1_000, None, None)).await.unwrap();
    let forget = UnscheduleRequest { world_id: WORLD.into(), schedule_id: "bell".into() };
    assert!(time.unschedule(forget.clone()).await.unwrap().existed);
    assert!(!time.unschedule(forget).await.unwrap().existed);
    time.advance(advance(2_000)).idempotency_key("leap").await.unwrap();
    time.resume(resume()).await.unwrap();
    assert_eq!(until_fired(&env, 1).await, [("kept".to_owned(), 1)]);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_refused_with_the_fix() {
    let env = provisioned().await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    let unknown = time.get_time(GetTimeRequest { world_id: "nowhere".into() }).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    for scale in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let refused =
            time.set_scale(SetScaleRequest { world_id: WORLD.into(), scale }).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{scale}: {refused}");
    }
    let refused = time.advance(advance(-5)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    env.drain().await;
}
