//! What fires, and what doesn't.

use bodybroker_runtime::field;
use prost_types::value::Kind;
use prost_types::{Struct, Value};

use super::*;

/// What a call with a long payload may take while much else runs.
const PATIENCE: Duration = Duration::from_secs(10);

/// A text that compression hardly shortens.
fn noise(bytes: usize) -> String {
    let mut raw = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut raw);
    raw.into_iter().map(|byte| char::from(b' ' + byte % 95)).collect()
}

fn payload(text: &str) -> Struct {
    let text = Value { kind: Some(Kind::StringValue(text.to_owned())) };
    Struct { fields: [("text".to_owned(), text)].into() }
}

async fn served() -> (TestEnv, TimeClient) {
    let env = provisioned().await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    (env, time)
}

async fn leap(time: &TimeClient, by: i64) {
    time.advance(advance(by)).idempotency_key("leap").await.unwrap();
}

/// Waits until the leader has ticked some times more, and had a turn at each.
async fn some_ticks(env: &TestEnv) {
    let mut ticks = ticks(env).await;
    let mut led = 0;
    while led < 5 {
        led += usize::from(next(&mut ticks).await.term.is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_fires_in_a_paused_world_until_it_is_resumed() {
    let (env, time) = served().await;
    time.pause(pause()).await.unwrap();
    time.schedule(plan("bell", 1_000, None, None)).await.unwrap();
    leap(&time, 2_000).await;
    some_ticks(&env).await;
    assert_eq!(fired(&env).await, [], "it is paused");
    time.resume(resume()).await.unwrap();
    assert_eq!(until_fired(&env, 1).await, [("bell".to_owned(), 1)]);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_more_fires_once_a_pause_is_answered() {
    let (env, time) = served().await;
    time.schedule(plan("bell", 0, Some(1), None)).await.unwrap();
    leap(&time, 100_000).await;
    until_fired(&env, 1).await;
    time.pause(pause()).await.unwrap();
    stands_still(&env).await;
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_more_fires_of_a_plan_that_is_forgotten_while_it_fires() {
    let (env, time) = served().await;
    time.schedule(plan("bell", 0, Some(1), None)).await.unwrap();
    leap(&time, 100_000).await;
    until_fired(&env, 1).await;
    let forget = UnscheduleRequest { world_id: WORLD.into(), schedule_id: "bell".into() };
    assert!(time.unschedule(forget).await.unwrap().existed);
    stands_still(&env).await;
    env.drain().await;
}

/// Nothing more fires, but for what was under way.
async fn stands_still(env: &TestEnv) {
    let now = fired(env).await.len();
    some_ticks(env).await;
    let later = fired(env).await.len();
    assert!(later <= now + 1, "{now} had fired, and {later} some ticks later");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_is_too_long_to_be_fired_is_refused() {
    let (env, time) = served().await;
    let most = env.connection().tx().max_payload() - 8 * 1024;
    let long =
        ScheduleRequest { payload: Some(payload(&noise(most))), ..plan("long", 0, None, None) };
    let refused = time.schedule(long).timeout(PATIENCE).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(refused.message().contains(&most.to_string()), "{refused}");
    let payload = Some(payload(&noise(most - 64)));
    let fits = ScheduleRequest { payload, ..plan("fits", 0, None, None) };
    time.schedule(fits).timeout(PATIENCE).await.unwrap();
    assert_eq!(until_fired(&env, 1).await, [("fits".to_owned(), 1)]);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_of_too_many_levels_is_refused() {
    let (env, time) = served().await;
    let deep = |levels| {
        (1..levels).fold(payload("deep"), |inner, _| {
            let inner = Value { kind: Some(Kind::StructValue(inner)) };
            Struct { fields: [("in".to_owned(), inner)].into() }
        })
    };
    let ask =
        |id, levels| ScheduleRequest { payload: Some(deep(levels)), ..plan(id, 0, None, None) };
    let refused = time.schedule(ask("deep", field::LEVELS_MAX + 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    time.schedule(ask("fits", field::LEVELS_MAX)).await.unwrap();
    assert_eq!(until_fired(&env, 1).await, [("fits".to_owned(), 1)]);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_that_can_not_be_fired_holds_up_no_other() {
    let env = provisioned().await;
    let plans = env.connection().store::<ScheduledAction>(&TIME_SCHEDULE_BUCKET).unwrap();
    // As an older release took it: about the longest payload with which the plan is stored, as its event is longer.
    let most = env.connection().tx().max_payload();
    let (mut fits, mut too_long) = (most / 2, most * 2);
    let noise = noise(too_long);
    while too_long - fits > 8 {
        let bytes = usize::midpoint(fits, too_long);
        let poison = ScheduledAction {
            world_id: WORLD.into(),
            schedule_id: "a".into(),
            due: Some(field::of_duration(Duration::ZERO)),
            payload: Some(payload(&noise[..bytes])),
            occurrence: 1,
            ..ScheduledAction::default()
        };
        match plans.put("9/overworld/a", &poison).await {
            Ok(_) => fits = bytes,
            Err(status) => {
                assert_eq!(status.code(), Code::InvalidArgument, "{status}");
                too_long = bytes;
            }
        }
    }
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    time.schedule(plan("b", 0, Some(100), Some(2))).await.unwrap();
    leap(&time, 1_000).await;
    assert_eq!(until_fired(&env, 2).await, [("b".to_owned(), 1), ("b".to_owned(), 2)]);
    env.drain().await;
}
