//! Weather over a real server, with a clock that the tests hold.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::Duration;

use bodybroker_runtime::prelude::*;
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::store::Watch;
use bodybroker_runtime::testing::TestEnv;
use bodybroker_time_manager::v1::{
    GetTimeResponse, TIME_CLOCK_BUCKET, TimeMock, TimeServer, TimeTick, WorldTime, time_service,
};
use bodybroker_weather_manager::v1::{weather_service::SPEC, *};
use weather_manager::place::Biome as Place;
use weather_manager::{Settings, WeatherManager};

const WORLD: &str = "overworld";
const HOUR: i64 = 3_600;

fn settings(seed: u64) -> Settings {
    Settings { world: WORLD.to_owned(), seed, regions: vec![("vale".to_owned(), Place::Temperate)] }
}

/// A system with weather, and with a clock that stands where the test puts it.
struct Sky {
    env: TestEnv,
    now: Arc<AtomicI64>,
}

impl Sky {
    async fn begin() -> Self {
        let provisioner = Provisioner::new().streams(bodybroker_common::v1::STREAMS);
        let env =
            TestEnv::provisioned(provisioner.service(&SPEC).service(&time_service::SPEC)).await;
        let sky = Self { env, now: Arc::default() };
        sky.keep_time().await;
        sky
    }

    /// Serves the clock.
    async fn keep_time(&self) {
        let now = Arc::clone(&self.now);
        let time = TimeMock::new().on_get_time(move |_ctx, request| {
            let game_time = Some(seconds(now.load(SeqCst)));
            let time = WorldTime { world_id: request.world_id, game_time, ..WorldTime::default() };
            async move { Ok(GetTimeResponse { time: Some(time) }) }
        });
        self.env.serve(async |_: &Connection| Ok(TimeServer::new(time))).await;
    }

    async fn serve(&self, seed: u64) {
        let start =
            async |connection: &Connection| WeatherManager::start_with(connection, settings(seed));
        self.env.serve(start).await;
    }

    /// Moves the clock and ticks.
    async fn tick(&self, game_seconds: i64) {
        self.now.store(game_seconds, SeqCst);
        self.tell(game_seconds).await;
    }

    /// Ticks, whatever the clock says.
    async fn tell(&self, game_seconds: i64) {
        let clocks = self.env.connection().store::<TimeTick>(&TIME_CLOCK_BUCKET).unwrap();
        let ticked = clocks.modify(WORLD, |old| {
            let tick = old.map_or(1, |old| old.tick + 1);
            let game_time = Some(seconds(game_seconds));
            Ok(TimeTick { world_id: WORLD.into(), tick, game_time, ..TimeTick::default() })
        });
        ticked.await.unwrap();
    }

    fn client(&self) -> WeatherClient {
        WeatherClient::new(self.env.connection())
    }

    async fn changes(&self) -> Watch<WeatherChanged> {
        let regions =
            self.env.connection().store::<WeatherChanged>(&WEATHER_REGION_BUCKET).unwrap();
        regions.watch("vale").await.unwrap()
    }
}

/// The next change, which comes within ten seconds.
async fn next(changes: &mut Watch<WeatherChanged>) -> WeatherChanged {
    let put = async {
        loop {
            if let Change::Put(entry) = changes.next().await.unwrap().unwrap() {
                return entry.value;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), put).await.unwrap()
}

fn seconds(seconds: i64) -> prost_types::Duration {
    prost_types::Duration { seconds, nanos: 0 }
}

fn region(id: &str) -> GetWeatherRequest {
    GetWeatherRequest { region_id: id.into(), world_id: None }
}

fn week() -> ForecastRequest {
    let horizon = Some(seconds(7 * 24 * HOUR));
    ForecastRequest { region_id: "vale".into(), world_id: None, horizon }
}

fn conditions(forecast: &ForecastResponse) -> Vec<(i64, i32)> {
    let entry =
        |entry: &ForecastEntry| (entry.from.unwrap().seconds, entry.weather.unwrap().condition);
    forecast.entries.iter().map(entry).collect()
}

/// The same of a change: since when, and what.
fn moment(change: &WeatherChanged) -> (i64, i32) {
    (change.game_time.unwrap().seconds, change.weather.unwrap().condition)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_weather_follows_the_ticks_as_forecast() {
    let sky = Sky::begin().await;
    sky.serve(7).await;
    let mut changes = sky.changes().await;
    sky.tick(0).await;
    let first = next(&mut changes).await;
    assert_eq!((first.region_id.as_str(), first.previous), ("vale", None));
    let foreseen = conditions(&sky.client().forecast(week()).await.unwrap());
    assert!(foreseen.len() > 3, "{foreseen:?}");
    for (from, condition) in &foreseen[1..4] {
        sky.tick(*from).await;
        let seen = next(&mut changes).await;
        assert_eq!(moment(&seen), (*from, *condition));
    }
    sky.env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_seed_gives_the_same_weather_on_every_instance() {
    let (one, other, different) = (Sky::begin().await, Sky::begin().await, Sky::begin().await);
    one.serve(7).await;
    one.serve(7).await;
    other.serve(7).await;
    different.serve(8).await;
    let forecast = conditions(&one.client().forecast(week()).await.unwrap());
    for _ in 0..8 {
        assert_eq!(conditions(&one.client().forecast(week()).await.unwrap()), forecast);
    }
    assert_eq!(conditions(&other.client().forecast(week()).await.unwrap()), forecast);
    assert_ne!(conditions(&different.client().forecast(week()).await.unwrap()), forecast);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_followed_region_keeps_its_seed_across_restarts() {
    let sky = Sky::begin().await;
    sky.serve(7).await;
    let mut changes = sky.changes().await;
    sky.tick(0).await;
    next(&mut changes).await;
    let before = sky.client().get_weather(region("vale")).await.unwrap();
    assert!(before.followed);
    sky.env.drain().await;

    sky.keep_time().await;
    sky.serve(99).await;
    let after = sky.client().get_weather(region("vale")).await.unwrap();
    assert_eq!(after, before, "the configured seed is for regions that aren't followed yet");
    sky.env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_override_holds_and_ends_by_game_time() {
    let sky = Sky::begin().await;
    sky.serve(7).await;
    let mut changes = sky.changes().await;
    sky.tick(0).await;
    let natural = next(&mut changes).await.weather.unwrap().condition;
    let storm = OverrideWeatherRequest {
        region_id: "vale".into(),
        condition: Some(Condition::Sandstorm.into()),
        lasts: Some(seconds(HOUR)),
        reason: "the djinn".into(),
        ..OverrideWeatherRequest::default()
    };
    sky.client().override_weather(storm).await.unwrap();
    let overridden = next(&mut changes).await;
    assert_eq!(overridden.weather.unwrap().condition(), Condition::Sandstorm);
    assert_eq!((overridden.cause(), overridden.previous), (Cause::Override, Some(natural)));
    sky.tick(HOUR / 2).await;
    let during = sky.client().get_weather(region("vale")).await.unwrap();
    assert_eq!(during.weather.unwrap().condition(), Condition::Sandstorm);
    sky.tick(HOUR).await;
    let ended = next(&mut changes).await;
    assert_ne!(ended.weather.unwrap().condition(), Condition::Sandstorm);
    assert_eq!(ended.weather_override, None);
    sky.env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_that_see_one_tick_change_the_weather_once() {
    let sky = Sky::begin().await;
    sky.serve(7).await;
    sky.serve(7).await;
    let mut changes = sky.changes().await;
    let mut seen = Vec::new();
    for half_hour in 0..48 {
        sky.tick(half_hour * HOUR / 2).await;
    }
    for (from, condition) in &conditions(&sky.client().forecast(week()).await.unwrap())[1..4] {
        sky.tick(*from).await;
        while seen.last().is_none_or(|(_, last)| last != condition) {
            let change = next(&mut changes).await;
            seen.push(moment(&change));
        }
    }
    assert!(
        seen.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 != pair[1].1),
        "{seen:?}"
    );
    sky.env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tick_that_comes_late_does_not_turn_the_weather_back() {
    let sky = Sky::begin().await;
    sky.serve(7).await;
    let mut changes = sky.changes().await;
    sky.tick(0).await;
    next(&mut changes).await;
    let foreseen = conditions(&sky.client().forecast(week()).await.unwrap());
    let (now, condition) = foreseen[2];
    sky.now.store(now, SeqCst);
    sky.tell(foreseen[1].0).await;
    let seen = next(&mut changes).await;
    assert_eq!(moment(&seen), (now, condition));
    sky.env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_world_whose_time_is_unknown_has_no_weather_yet() {
    let env = TestEnv::start().await;
    let time = TimeMock::new()
        .on_get_time(|_ctx, _request| async { Err(Status::not_found("no such world")) });
    env.serve(async |_: &Connection| Ok(TimeServer::new(time))).await;
    env.serve(async |connection: &Connection| WeatherManager::start_with(connection, settings(1)))
        .await;
    let refused =
        WeatherClient::new(env.connection()).get_weather(region("vale")).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    tokio::time::timeout(Duration::from_secs(10), env.drain()).await.unwrap();
}
