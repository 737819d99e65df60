//! State over a real server.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use bodybroker_runtime::durable::Start;
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::testing::TestEnv;
use bodybroker_state_manager::v1::state_service::SPEC;
use bodybroker_state_manager::v1::update_state_request::Change as Asked;
use bodybroker_state_manager::v1::*;
use prost_types::value::Kind;
use prost_types::{Struct, Value};
use state_manager::StateManager;

mod interop;
mod keys;
mod nested;

async fn provisioned() -> TestEnv {
    let streams = bodybroker_common::v1::STREAMS;
    TestEnv::provisioned(Provisioner::new().streams(streams).service(&SPEC)).await
}

async fn serve(env: &TestEnv) -> StateClient {
    env.serve(async |connection: &Connection| StateManager::start(connection.clone()).await).await;
    StateClient::new(env.connection())
}

fn fields(fields: &[(&str, f64)]) -> Struct {
    let value = |number: f64| Value { kind: Some(Kind::NumberValue(number)) };
    Struct {
        fields: fields.iter().map(|(name, number)| ((*name).to_owned(), value(*number))).collect(),
    }
}

fn replace(expected_version: Option<u64>, state: &[(&str, f64)]) -> UpdateStateRequest {
    let change = Some(Asked::Replacement(fields(state)));
    UpdateStateRequest { entity_id: "hero".into(), expected_version, change }
}

fn merge(state: &[(&str, f64)]) -> UpdateStateRequest {
    let change = Some(Asked::MergePatch(fields(state)));
    UpdateStateRequest { entity_id: "hero".into(), expected_version: None, change }
}

fn hero() -> GetStateRequest {
    GetStateRequest { entity_id: "hero".into() }
}

fn watch(from_version: Option<u64>) -> WatchStateRequest {
    WatchStateRequest { entity_id: "hero".into(), from_version }
}

async fn versions(stream: &mut Inbound<WatchStateResponse>, count: usize) -> Vec<u64> {
    let mut versions = Vec::new();
    while versions.len() < count {
        versions.push(stream.next().await.unwrap().unwrap().update.unwrap().version);
    }
    versions
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stale_version_is_refused_with_the_current_one() {
    let env = provisioned().await;
    let state = serve(&env).await;
    state.update_state(replace(Some(0), &[("hp", 10.0)])).await.unwrap();
    state.update_state(replace(Some(1), &[("hp", 9.0)])).await.unwrap();
    match state.update_state(replace(Some(1), &[("hp", 99.0)])).await {
        Err(UpdateStateError::VersionConflict(conflict)) => {
            assert_eq!((conflict.expected_version, conflict.current_version), (1, 2));
            assert_eq!(conflict.status().code(), Code::Aborted);
        }
        other => panic!("{other:?}"),
    }
    let delete = DeleteStateRequest { entity_id: "hero".into(), expected_version: Some(1) };
    match state.delete_state(delete).await {
        Err(DeleteStateError::VersionConflict(conflict)) => assert_eq!(conflict.current_version, 2),
        other => panic!("{other:?}"),
    }
    let now = state.get_state(hero()).await.unwrap().entity.unwrap();
    assert_eq!((now.version, now.data), (2, Some(fields(&[("hp", 9.0)]))), "nothing was written");
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_concurrent_writers_each_version_has_one_and_one_event() {
    const WRITERS: usize = 8;
    const WRITES: usize = 12;
    let env = provisioned().await;
    let state = serve(&env).await;
    serve(&env).await;
    let mut events = env.connection().subscribe_events::<EntityUpdated>(Start::All).await.unwrap();
    let writer = |_| {
        let state = state.clone();
        tokio::spawn(async move {
            let mut accepted = Vec::new();
            while accepted.len() < WRITES {
                let seen = match state.get_state(hero()).await {
                    Ok(found) => found.entity.unwrap().version,
                    Err(status) if status.code() == Code::NotFound => 0,
                    Err(status) => panic!("{status}"),
                };
                match state.update_state(replace(Some(seen), &[("hp", 1.0)])).await {
                    Ok(updated) => accepted.push(updated.entity.unwrap().version),
                    Err(UpdateStateError::VersionConflict(conflict)) => {
                        assert_eq!(conflict.expected_version, seen);
                    }
                    Err(other) => panic!("{other}"),
                }
            }
            accepted
        })
    };
    let mut accepted = Vec::new();
    for writer in (0..WRITERS).map(writer).collect::<Vec<_>>() {
        accepted.extend(writer.await.unwrap());
    }
    accepted.sort_unstable();
    let expected: Vec<u64> = (1..=(WRITERS * WRITES) as u64).collect();
    assert_eq!(accepted, expected, "each version was accepted once");
    let mut seen = Vec::new();
    while seen.len() < expected.len() {
        seen.push(events.next().await.unwrap().unwrap().event.version);
    }
    assert_eq!(seen, expected, "each update has its event, in order, and nothing else has");
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patch_is_merged_and_a_replacement_replaces() {
    let env = provisioned().await;
    let state = serve(&env).await;
    state.update_state(merge(&[("hp", 10.0), ("mana", 5.0)])).await.unwrap();
    let merged = state.update_state(merge(&[("hp", 9.0)])).await.unwrap().entity.unwrap();
    assert_eq!(merged.data, Some(fields(&[("hp", 9.0), ("mana", 5.0)])));
    let replaced =
        state.update_state(replace(Some(2), &[("gold", 1.0)])).await.unwrap().entity.unwrap();
    assert_eq!(replaced.data, Some(fields(&[("gold", 1.0)])));
    assert_eq!(replaced.created_at, merged.created_at);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_repeated_under_its_key_happens_once() {
    let env = provisioned().await;
    let state = serve(&env).await;
    let first =
        state.update_state(replace(Some(0), &[("hp", 1.0)])).idempotency_key("k1").await.unwrap();
    state.update_state(merge(&[("hp", 2.0)])).idempotency_key("k2").await.unwrap();
    let again =
        state.update_state(replace(Some(0), &[("hp", 1.0)])).idempotency_key("k1").await.unwrap();
    assert_eq!(again, first, "a repetition is answered with what it has done");
    let merged = state.update_state(merge(&[("hp", 2.0)])).idempotency_key("k2").await.unwrap();
    assert_eq!(merged.entity.unwrap().version, 2);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_entity_is_gone_and_its_versions_go_on() {
    let env = provisioned().await;
    let state = serve(&env).await;
    state.update_state(replace(Some(0), &[("hp", 1.0)])).await.unwrap();
    let delete = DeleteStateRequest { entity_id: "hero".into(), expected_version: Some(1) };
    assert_eq!(state.delete_state(delete.clone()).await.unwrap().version, 2);
    assert_eq!(state.get_state(hero()).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(
        state
            .delete_state(DeleteStateRequest { expected_version: None, ..delete })
            .await
            .unwrap_err()
            .status()
            .code(),
        Code::NotFound
    );
    let again = state.update_state(replace(Some(0), &[("hp", 5.0)])).await.unwrap();
    assert_eq!(again.entity.unwrap().version, 3);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watcher_sees_every_version_in_order() {
    let env = provisioned().await;
    let state = serve(&env).await;
    for _ in 0..3 {
        state.update_state(merge(&[("hp", 1.0)])).await.unwrap();
    }
    let mut all = state.watch_state(watch(Some(1))).await.unwrap();
    let mut now = state.watch_state(watch(None)).await.unwrap();
    assert_eq!(versions(&mut all, 3).await, [1, 2, 3]);
    assert_eq!(versions(&mut now, 1).await, [3]);
    for _ in 0..20 {
        state.update_state(merge(&[("hp", 2.0)])).await.unwrap();
    }
    assert_eq!(versions(&mut all, 20).await, (4..=23).collect::<Vec<_>>());
    assert_eq!(versions(&mut now, 20).await, (4..=23).collect::<Vec<_>>());
    let gone = async { state.watch_state(watch(Some(2))).await?.next().await.transpose() };
    assert_eq!(gone.await.unwrap_err().code(), Code::OutOfRange, "16 versions are kept");
    drop((all, now));
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_comes_in_pages_newest_first() {
    let env = provisioned().await;
    let state = serve(&env).await;
    for _ in 0..5 {
        state.update_state(merge(&[("hp", 1.0)])).await.unwrap();
    }
    let mut request =
        HistoryRequest { entity_id: "hero".into(), page_size: Some(2), page_token: String::new() };
    let mut pages = Vec::new();
    loop {
        let page = state.history(request.clone()).await.unwrap();
        pages.push(page.versions.iter().map(|record| record.version).collect::<Vec<_>>());
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(pages, [vec![5, 4], vec![3, 2], vec![1]]);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_lists_what_is_not_there() {
    let env = provisioned().await;
    let state = serve(&env).await;
    state.update_state(merge(&[("hp", 1.0)])).await.unwrap();
    let entity_ids = vec!["nobody".into(), "hero".into()];
    let batch = state.batch_get(BatchGetRequest { entity_ids }).await.unwrap();
    assert_eq!(
        (batch.entities[0].entity_id.as_str(), batch.missing_entity_ids),
        ("hero", vec!["nobody".to_owned()])
    );
    let many = BatchGetRequest { entity_ids: vec!["hero".into(); 300] };
    assert_eq!(state.batch_get(many).await.unwrap_err().code(), Code::InvalidArgument);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_of_wildcards_and_line_ends_is_only_an_id() {
    let env = provisioned().await;
    let state = serve(&env).await;
    let mut events = env.connection().subscribe_events::<EntityUpdated>(Start::All).await.unwrap();
    for entity_id in ["*", ">", "a.b", "x\r\nPUB evt.state 0\r\n\r\n", "$JS.API", "ü n"] {
        let update = UpdateStateRequest { entity_id: entity_id.into(), ..merge(&[("hp", 1.0)]) };
        state.update_state(update).await.unwrap();
        let read = state.get_state(GetStateRequest { entity_id: entity_id.into() }).await.unwrap();
        assert_eq!(read.entity.unwrap().entity_id, entity_id);
        assert_eq!(events.next().await.unwrap().unwrap().event.entity_id, entity_id);
    }
    env.drain().await;
}
