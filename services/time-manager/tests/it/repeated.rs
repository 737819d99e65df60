//! Calls that are repeated after others came in between, or after the instance died that did what they ask for.

use std::sync::Arc;

use bodybroker_runtime::durable::Bucket;

use super::*;

fn later(id: &str, after: i64) -> ScheduleRequest {
    ScheduleRequest { when: Some(When::After(seconds(after))), ..plan(id, 0, None, None) }
}

/// Forgets all answers, as if each instance had died before it kept them.
async fn forget_answers(env: &TestEnv) {
    let kept = SPEC.methods.iter().find_map(|method| method.replay.as_ref()).unwrap();
    let bucket = Bucket::new(Arc::clone(env.connection().durable()), kept.bucket);
    for key in bucket.keys().await.unwrap() {
        bucket.delete(&key, None).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advance_repeated_behind_another_moves_time_once() {
    let env = provisioned().await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    time.pause(pause()).await.unwrap();
    let first = time.advance(advance(60)).idempotency_key("k1").await.unwrap();
    let second = time.advance(advance(5)).idempotency_key("k2").await.unwrap();
    assert_eq!(
        game_time(second.time.clone()),
        game_time(first.time.clone()) + Duration::from_secs(5)
    );
    let again = time.advance(advance(60)).idempotency_key("k1").await.unwrap();
    assert_eq!(again, first, "its first answer");
    let now = time.get_time(GetTimeRequest { world_id: WORLD.into() }).await.unwrap();
    assert_eq!(game_time(now.time), game_time(second.time));
    let other = time.advance(advance(61)).idempotency_key("k1").await.unwrap_err();
    assert_eq!(other.code(), Code::FailedPrecondition, "{other}");
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_advance_whose_answer_was_not_kept_is_known_by_caller_and_key() {
    let env = provisioned().await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    time.pause(pause()).await.unwrap();
    let first = time.advance(advance(60)).idempotency_key("k").await.unwrap();
    forget_answers(&env).await;
    let again = time.advance(advance(60)).idempotency_key("k").await.unwrap();
    assert_eq!(game_time(again.time), game_time(first.time.clone()));
    let stranger = TimeClient::new(&env.connect("stranger").await);
    let strange = stranger.advance(advance(60)).idempotency_key("k").await.unwrap();
    assert_eq!(
        game_time(strange.time),
        game_time(first.time) + Duration::from_mins(1),
        "another caller's key"
    );
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_for_later_repeated_under_its_key_fires_once() {
    let env = provisioned().await;
    serve(&env).await;
    let time = TimeClient::new(env.connection());
    time.set_scale(SetScaleRequest { world_id: WORLD.into(), scale: 60.0 }).await.unwrap();
    let call = || time.schedule(later("bell", 1)).idempotency_key("k");
    let first = call().await.unwrap();
    until_fired(&env, 1).await;
    assert_eq!(call().await.unwrap(), first, "its first answer");
    // Without the answer it is planned again, and found to have fired.
    forget_answers(&env).await;
    let again = call().await.unwrap().action.unwrap();
    assert_eq!(again.plan_id, first.action.unwrap().plan_id);
    let plans = env.connection().store::<ScheduledAction>(&TIME_SCHEDULE_BUCKET).unwrap();
    settled(&plans).await;
    assert_eq!(fired(&env).await, [("bell".to_owned(), 1)]);
    time.schedule(later("bell", 1)).idempotency_key("another").await.unwrap();
    assert_eq!(until_fired(&env, 2).await.len(), 2, "another call is another plan");
    env.drain().await;
}

/// Waits until no plan is left.
async fn settled(plans: &Store<ScheduledAction>) {
    let mut changes = plans.watch_all().await.unwrap();
    while !plans.keys().await.unwrap().is_empty() {
        changes.next().await.unwrap().unwrap();
    }
}
