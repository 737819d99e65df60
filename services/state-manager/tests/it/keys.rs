//! Writes that are repeated under their idempotency keys.

use bodybroker_runtime::testing::TestEnv;
use futures::future::{join_all, try_join_all};

use super::*;

/// Attempts at one write that run at once.
const AT_ONCE: usize = 8;

fn delete(expected_version: Option<u64>) -> DeleteStateRequest {
    DeleteStateRequest { entity_id: "hero".into(), expected_version }
}

/// Two instances.
async fn served() -> (TestEnv, StateClient) {
    let env = provisioned().await;
    serve(&env).await;
    let state = serve(&env).await;
    (env, state)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attempts_at_once_under_one_key_make_one_version() {
    let (env, state) = served().await;
    for round in 1..=10 {
        let attempt = |_| async {
            let call = state.update_state(merge(&[("hp", 1.0)]));
            call.idempotency_key(format!("round-{round}")).await
        };
        let answers = try_join_all((0..AT_ONCE).map(attempt)).await.unwrap();
        for answer in answers {
            assert_eq!(answer.entity.unwrap().version, round, "one version, whichever attempt");
        }
    }
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deletions_at_once_under_one_key_all_succeed() {
    let (env, state) = served().await;
    for round in 0..10 {
        state.update_state(merge(&[("hp", 1.0)])).await.unwrap();
        let attempt = |_| async {
            state.delete_state(delete(None)).idempotency_key(format!("round-{round}")).await
        };
        for answer in join_all((0..AT_ONCE).map(attempt)).await {
            assert_eq!(answer.unwrap().version, 2 * round + 2);
        }
    }
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_repetition_brings_nothing_back() {
    let (env, state) = served().await;
    let first = || state.update_state(replace(Some(0), &[("hp", 1.0)])).idempotency_key("k");
    let made = first().await.unwrap();
    state.delete_state(delete(None)).await.unwrap();
    assert_eq!(first().await.unwrap(), made, "a repetition is answered with what it has done");
    let gone = state.get_state(hero()).await.unwrap_err();
    assert_eq!(gone.code(), Code::NotFound, "and does nothing more");
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_of_another_request_method_or_caller_is_refused() {
    let (env, state) = served().await;
    let request = merge(&[("hp", 1.0)]);
    state.update_state(request.clone()).idempotency_key("k").await.unwrap();
    let other = state.update_state(merge(&[("hp", 2.0)])).idempotency_key("k").await;
    assert_eq!(other.unwrap_err().status().code(), Code::FailedPrecondition);
    let deleted = state.delete_state(delete(None)).idempotency_key("k").await;
    assert_eq!(deleted.unwrap_err().status().code(), Code::FailedPrecondition);
    let stranger = StateClient::new(&env.connect("stranger").await);
    let strange = stranger.update_state(request).idempotency_key("k").await;
    assert_eq!(strange.unwrap_err().status().code(), Code::FailedPrecondition);
    let now = state.get_state(hero()).await.unwrap().entity.unwrap();
    assert_eq!((now.version, now.data), (1, Some(fields(&[("hp", 1.0)]))), "nothing was written");
    env.drain().await;
}
