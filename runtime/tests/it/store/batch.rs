//! Several keys written in one step, and values that expire. Each body runs on a real server and in memory.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::durable::{
    BATCH_MAX, Durable, JetStream, RevisionConflict, Start, StreamConfig, StreamSource,
};
use bodybroker_runtime::store::Store;
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::testing::proxy::{Faults, Flow};
use bodybroker_runtime::testing::{NatsServer, Proxy};
use bodybroker_runtime::{Code, Result};
use futures::StreamExt;

use super::{Count, SPEC, store};
use crate::durable::{dial, events, everywhere, jetstream};

everywhere! {
    keys_are_written_in_one_step_with_revisions_to_build_on,
    of_keys_of_which_one_has_changed_none_is_written,
    a_deleted_key_may_be_created_with_others,
    what_is_no_step_is_refused,
    each_key_of_a_step_is_an_event,
    steps_that_collide_are_never_mixed,
    a_bucket_of_an_older_release_takes_steps_once_it_is_provisioned,
    a_value_is_gone_after_its_time_and_nothing_comes_back,
}

fn count(count: u64) -> Count {
    Count { count }
}

async fn keys_are_written_in_one_step_with_revisions_to_build_on(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let store = store(&durable).await?;
    assert!(store.batch().commit().await?.is_empty());
    let old = store.put("c", &count(1)).await?;
    let long = "ключ/".repeat(100);
    let batch = store.batch().create("a", &count(2)).put("b", &count(3)).delete("c", old);
    let revisions = batch.put(&*long, &count(4)).commit().await?;
    assert_eq!(revisions.len(), 4);
    assert_eq!(store.get("a").await?.unwrap().revision, revisions[0]);
    assert_eq!(store.get("c").await?, None);
    assert_eq!(store.get(&long).await?.unwrap().value, count(4));
    let next = store.batch().update("a", &count(5), revisions[0]).remove("b").commit().await?;
    assert_eq!(store.get("a").await?.unwrap().revision, next[0]);
    assert_eq!(store.keys().await?, [long, "a".to_owned()]);
    Ok(())
}

async fn of_keys_of_which_one_has_changed_none_is_written(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    let first = store.put("a", &count(1)).await?;
    let second = store.put("a", &count(2)).await?;
    let batch = store.batch().put("b", &count(1)).update("a", &count(3), first);
    let refused = batch.create("c", &count(1)).commit().await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    let conflict = RevisionConflict { current_revision: second, key: "a".to_owned() };
    assert_eq!(refused.detail::<RevisionConflict>(), Some(conflict));
    let batch = store.batch().put("b", &count(1)).create("a", &count(3));
    let refused = batch.commit().await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(store.keys().await?, ["a"]);
    assert_eq!(store.get("a").await?.unwrap().value, count(2));
    Ok(())
}

async fn a_deleted_key_may_be_created_with_others(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    for key in ["a", "b"] {
        store.put(key, &count(1)).await?;
        store.remove(key).await?;
    }
    let batch = store.batch().create("a", &count(2)).create("b", &count(2));
    batch.create("c", &count(2)).commit().await?;
    assert_eq!(store.keys().await?, ["a", "b", "c"]);
    Ok(())
}

async fn what_is_no_step_is_refused(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    let twice = store.batch().put("a", &count(1)).put("a", &count(2)).commit().await;
    assert_eq!(twice.unwrap_err().code(), Code::InvalidArgument);
    let numbered = |most: usize| {
        (0..most).fold(store.batch(), |batch, number| batch.put(number.to_string(), &count(1)))
    };
    let many = numbered(BATCH_MAX + 1).commit().await;
    assert_eq!(many.unwrap_err().code(), Code::InvalidArgument);
    assert!(store.keys().await?.is_empty());
    numbered(BATCH_MAX).commit().await?;
    assert_eq!(store.keys().await?.len(), BATCH_MAX);
    Ok(())
}

async fn each_key_of_a_step_is_an_event(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    let destination = "evt.count.changed.v1.{{wildcard(1)}}".to_owned();
    let source = StreamSource { bucket: SPEC.name.to_owned(), destination };
    durable.provision(&events(vec![source])).await?;
    let filter = Filter::literal("evt.count.changed.v1.*");
    let mut reading = durable.read("EVENTS", &filter, Start::All).await?.messages;
    store.batch().put("a", &count(1)).create("b", &count(2)).commit().await?;
    let refused = store.batch().put("a", &count(3)).create("b", &count(4)).commit().await;
    assert_eq!(refused.unwrap_err().code(), Code::AlreadyExists);
    store.put("c", &count(5)).await?;
    for key in ["a", "b", "c"] {
        let event = reading.next().await.unwrap()?;
        assert_eq!(event.subject, format!("evt.count.changed.v1.{key}"));
    }
    Ok(())
}

/// Money moves between accounts, and none comes or goes.
async fn steps_that_collide_are_never_mixed(durable: Arc<dyn Durable>) -> Result<()> {
    const ACCOUNTS: [&str; 3] = ["a", "b", "c"];
    let store = store(&durable).await?;
    for account in ACCOUNTS {
        store.put(account, &count(100)).await?;
    }
    let movers = (0..3).map(|mover| {
        let store = store.clone();
        tokio::spawn(async move {
            let (from, to) = (ACCOUNTS[mover], ACCOUNTS[(mover + 1) % 3]);
            let mut moved = 0;
            while moved < 10 {
                let [from, to] = [store.get(from).await?.unwrap(), store.get(to).await?.unwrap()];
                let less = count(from.value.count - 1);
                let more = count(to.value.count + 1);
                let batch = store.batch().update(from.key, &less, from.revision);
                match batch.update(to.key, &more, to.revision).commit().await {
                    Ok(_) => moved += 1,
                    Err(status) if status.code() == Code::Aborted => tokio::task::yield_now().await,
                    Err(status) => return Err(status),
                }
            }
            Ok::<_, bodybroker_runtime::Status>(())
        })
    });
    for mover in movers.collect::<Vec<_>>() {
        mover.await.unwrap()?;
    }
    for entry in store.entries().await? {
        assert_eq!(entry.value, count(100), "{}", entry.key);
    }
    Ok(())
}

async fn a_bucket_of_an_older_release_takes_steps_once_it_is_provisioned(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    use bodybroker_runtime::durable::Provisioned;
    let wanted = StreamConfig::of_bucket(&SPEC);
    durable.provision(&StreamConfig { batches: false, ..wanted.clone() }).await?;
    let store: Store<Count> = Store::open(&durable, &SPEC)?;
    let batch = || store.batch().put("a", &count(1)).put("b", &count(1));
    let refused = batch().commit().await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("provision"), "{refused}");
    assert!(store.keys().await?.is_empty());
    assert_eq!(durable.provision(&wanted).await?, Provisioned::Updated);
    assert_eq!(durable.provision(&wanted).await?, Provisioned::Unchanged);
    batch().commit().await?;
    Ok(())
}

async fn a_value_is_gone_after_its_time_and_nothing_comes_back(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    durable
        .provision(&StreamConfig {
            limits: bodybroker_runtime::durable::Limits {
                messages_per_subject: Some(8),
                ..Default::default()
            },
            ..StreamConfig::of_bucket(&SPEC)
        })
        .await?;
    let store: Store<Count> = Store::open(&durable, &SPEC)?;
    store.put("a", &count(1)).await?;
    store.put("a", &count(2)).expires_in(Duration::from_millis(10)).await?;
    store.put("b", &count(3)).await?;
    assert_eq!(store.get("a").await?.unwrap().value, count(2));
    while store.get("a").await?.is_some() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(store.keys().await?, ["b"]);
    assert!(store.history("a").await?.is_empty());
    store.create("a", &count(4)).await?;
    Ok(())
}

/// The write arrives, its answer doesn't; with or without the server's memory of its ids.
async fn a_step_whose_answer_is_lost_has_happened_once(window: Duration) -> Result<()> {
    let server = NatsServer::start().await?;
    let proxy = Proxy::to(([127, 0, 0, 1], server.port())).await?;
    let direct = jetstream(&server);
    let config = StreamConfig { duplicate_window: window, ..StreamConfig::of_bucket(&SPEC) };
    direct.provision(&config).await?;
    let durable: Arc<dyn Durable> = Arc::new(JetStream::new(dial(&proxy.url())));
    let (store, direct): (Store<Count>, Store<Count>) =
        (Store::open(&durable, &SPEC)?, Store::open(&direct, &SPEC)?);
    store.put("warm", &count(1)).await?;
    proxy.set(Faults { up: Flow::CLEAR, down: Flow::BLOCKED });
    let batch = store.batch().put("b", &count(1)).create("a", &count(1));
    let writing = tokio::spawn(batch.commit());
    let stored = loop {
        if let Some(stored) = direct.get("a").await? {
            break stored;
        }
    };
    if window < Duration::from_secs(1) {
        tokio::time::sleep(window * 5).await;
    }
    proxy.cut();
    proxy.heal();
    let revisions = writing.await.unwrap()?;
    assert_eq!(revisions, [stored.revision - 1, stored.revision]);
    assert_eq!(direct.get("b").await?.unwrap().revision, stored.revision - 1);
    Ok(())
}

#[tokio::test]
async fn a_step_whose_answer_is_lost_is_recognised_by_its_ids() -> Result<()> {
    a_step_whose_answer_is_lost_has_happened_once(Duration::from_mins(1)).await
}

#[tokio::test]
async fn a_step_that_is_refused_because_of_itself_has_happened() -> Result<()> {
    a_step_whose_answer_is_lost_has_happened_once(Duration::from_millis(100)).await
}

#[tokio::test]
async fn a_step_that_the_server_does_not_live_to_answer_is_whole_or_nothing() -> Result<()> {
    let mut server = NatsServer::start().await?;
    let durable = jetstream(&server);
    let store = store(&durable).await?;
    store.put("warm", &count(0)).await?;
    for round in 1..=3 {
        server.pause();
        let batch = store.batch().put("a", &count(round)).put("b", &count(round));
        let writing = tokio::spawn(batch.put("c", &count(round)).commit());
        tokio::task::yield_now().await;
        server.restart().await?;
        writing.await.unwrap()?;
        for key in ["a", "b", "c"] {
            assert_eq!(store.get(key).await?.unwrap().value, count(round), "{key}");
        }
    }
    Ok(())
}
