//! Data of objects and lists in each other.

use bodybroker_runtime::field::LEVELS_MAX;
use prost_types::ListValue;

use super::*;

fn object(inner: Value) -> Struct {
    Struct { fields: [("in".to_owned(), inner)].into() }
}

/// An object with so many objects in each other inside, and so many lists in the innermost.
fn nested(objects: usize, lists: usize) -> Struct {
    let mut inner = Value { kind: Some(Kind::BoolValue(true)) };
    for _ in 0..lists {
        inner = Value { kind: Some(Kind::ListValue(ListValue { values: vec![inner] })) };
    }
    for _ in 0..objects {
        inner = Value { kind: Some(Kind::StructValue(object(inner))) };
    }
    object(inner)
}

fn replacement(data: Struct) -> UpdateStateRequest {
    UpdateStateRequest { change: Some(Asked::Replacement(data)), ..replace(None, &[]) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_of_as_many_levels_as_are_taken_is_read_everywhere() {
    let env = provisioned().await;
    let state = serve(&env).await;
    let deepest = nested(LEVELS_MAX - 1, 0);
    let patch = Some(Asked::MergePatch(deepest.clone()));
    state.update_state(replacement(deepest.clone())).await.unwrap();
    state.update_state(UpdateStateRequest { change: patch, ..merge(&[]) }).await.unwrap();
    let read = state.get_state(hero()).await.unwrap().entity.unwrap();
    assert_eq!(read.data, Some(deepest.clone()));
    let batch = BatchGetRequest { entity_ids: vec!["hero".into()] };
    assert_eq!(state.batch_get(batch).await.unwrap().entities[0].data, Some(deepest.clone()));
    let history = HistoryRequest { entity_id: "hero".into(), ..HistoryRequest::default() };
    assert_eq!(state.history(history).await.unwrap().versions[1].data, Some(deepest));
    let mut told = state.watch_state(watch(Some(1))).await.unwrap();
    assert_eq!(versions(&mut told, 2).await, [1, 2]);
    drop(told);
    env.drain().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_that_no_answer_could_hold_is_refused() {
    let env = provisioned().await;
    let state = serve(&env).await;
    // The second is as deep as a request may be decoded, and would be a level too deep in an answer.
    for deep in [nested(LEVELS_MAX, 0), nested(1, 47), nested(0, LEVELS_MAX)] {
        let patch = Some(Asked::MergePatch(deep.clone()));
        for change in [Some(Asked::Replacement(deep)), patch] {
            let request = UpdateStateRequest { change, ..merge(&[]) };
            let refused = state.update_state(request).await.unwrap_err();
            assert_eq!(refused.status().code(), Code::InvalidArgument, "{refused}");
            assert!(refused.status().message().contains("32 levels"), "{refused}");
        }
    }
    assert_eq!(state.get_state(hero()).await.unwrap_err().code(), Code::NotFound);
    env.drain().await;
}
