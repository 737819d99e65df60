//! Typed stores. Each body runs on a real server and in memory.

use std::sync::Arc;

use bodybroker_runtime::durable::{Durable, StreamConfig};
use bodybroker_runtime::spec::{BucketSpec, Storage, Versions};
use bodybroker_runtime::store::{Change, Store};
use bodybroker_runtime::{Code, Result};

use crate::durable::everywhere;

mod batch;
mod follow;
mod index;
mod list;
mod versions;

everywhere! {
    concurrent_changes_of_one_key_all_count,
    a_watch_tells_when_it_is_current,
    bytes_that_do_not_decode_are_data_loss,
    a_failing_change_writes_nothing,
    a_value_that_stays_as_it_was_is_not_written,
    a_linearizable_read_sees_the_last_write_and_leaves_no_trace,
    a_key_that_is_written_without_pause_is_never_missing,
}

/// A message as prost would generate it.
#[derive(Clone, PartialEq, prost::Message)]
struct Count {
    #[prost(uint64, tag = "1")]
    count: u64,
}

impl prost::Name for Count {
    const NAME: &'static str = "Count";
    const PACKAGE: &'static str = "test.v1";
}

static SPEC: BucketSpec = BucketSpec {
    name: "counts",
    value: "test.v1.Count",
    sealed: None,
    indexes: &[],
    history: 1,
    ttl: None,
    storage: Storage::File,
    replicas: 1,
    versions: Versions::FIRST,
};

async fn store(durable: &Arc<dyn Durable>) -> Result<Store<Count>> {
    durable.provision(&StreamConfig::of_bucket(&SPEC)).await?;
    Store::open(durable, &SPEC)
}

async fn concurrent_changes_of_one_key_all_count(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    let tasks = (0..4).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..25 {
                store
                    .modify("n", |count| Ok(Count { count: count.map_or(0, |c| c.count) + 1 }))
                    .await?;
            }
            Ok::<_, bodybroker_runtime::Status>(())
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap()?;
    }
    assert_eq!(store.get("n").await?.unwrap().value.count, 100);
    Ok(())
}

async fn a_watch_tells_when_it_is_current(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    let mut empty = store.watch_all().await?;
    assert_eq!(empty.next().await.unwrap()?, Change::Current);
    store.put("a", &Count { count: 1 }).await?;
    store.put("b", &Count { count: 2 }).await?;
    let mut watch = store.watch_all().await?;
    let mut seen = Vec::new();
    for step in 0..4 {
        if step == 3 {
            store.remove("a").await?;
        }
        seen.push(match watch.next().await.unwrap()? {
            Change::Put(entry) => format!("{}={}", entry.key, entry.value.count),
            Change::Deleted { key, .. } => format!("-{key}"),
            Change::Current => "current".to_owned(),
        });
    }
    assert_eq!(seen, ["a=1", "b=2", "current", "-a"]);
    Ok(())
}

async fn bytes_that_do_not_decode_are_data_loss(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    let bucket = bodybroker_runtime::durable::Bucket::new(Arc::clone(&durable), &SPEC);
    bucket.put("a", vec![0xff, 0xff].into()).await?;
    let status = store.get("a").await.unwrap_err();
    assert_eq!(status.code(), Code::DataLoss);
    assert!(status.message().contains("bucket counts holds bytes under `a`"), "{status}");
    Ok(())
}

async fn a_failing_change_writes_nothing(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    let no = store.modify("a", |_| Err(bodybroker_runtime::Status::out_of_range("no"))).await;
    assert_eq!(no.unwrap_err().code(), Code::OutOfRange);
    assert_eq!(store.get("a").await?, None);
    Ok(())
}

async fn a_value_that_stays_as_it_was_is_not_written(durable: Arc<dyn Durable>) -> Result<()> {
    let store = store(&durable).await?;
    let revision = store.create("a", &Count { count: 7 }).await?;
    let kept = store.modify("a", |count| Ok(count.unwrap_or_default())).await?;
    assert_eq!((kept.value.count, kept.revision), (7, revision));
    assert_eq!(store.get("a").await?.unwrap().revision, revision);
    Ok(())
}

async fn a_linearizable_read_sees_the_last_write_and_leaves_no_trace(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let store = store(&durable).await?;
    assert_eq!(store.get_linearizable("a").await?, None);
    let mut watch = store.watch_all().await?;
    assert_eq!(watch.next().await.unwrap()?, Change::Current);
    for count in 1..=3 {
        store.put("a", &Count { count }).await?;
        assert_eq!(store.get_linearizable("a").await?, store.get("a").await?);
        let Change::Put(entry) = watch.next().await.unwrap()? else { panic!("it was put") };
        assert_eq!(entry.value.count, count);
    }
    assert_eq!(store.keys().await?, ["a"]);
    assert_eq!(store.history("a").await?.len(), 1);
    store.remove("a").await?;
    assert_eq!(store.get_linearizable("a").await?, None);
    Ok(())
}

/// The bucket keeps one revision of a key: a read that isn't of one moment could find the old one gone and not see the
/// new one.
async fn a_key_that_is_written_without_pause_is_never_missing(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let store = store(&durable).await?;
    store.put("a", &Count { count: 0 }).await?;
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for count in 1.. {
                store.put("a", &Count { count }).await?;
                tokio::task::yield_now().await;
            }
            Ok::<_, bodybroker_runtime::Status>(())
        })
    };
    let mut last = 0;
    for _ in 0..500 {
        let now = store.get_linearizable("a").await?.unwrap().value.count;
        assert!(now >= last, "{now} comes before {last}");
        last = now;
    }
    writing.abort();
    Ok(())
}

#[tokio::test]
async fn linearizable_reads_at_the_same_time_share_a_write() -> Result<()> {
    let server = bodybroker_runtime::testing::NatsServer::start().await?;
    let durable = crate::durable::jetstream(&server);
    let store = store(&durable).await?;
    let revision = store.put("a", &Count { count: 1 }).await?;
    let reads = futures::future::join_all((0..64).map(|_| store.get_linearizable("a")));
    for entry in reads.await {
        assert_eq!(entry?.unwrap().revision, revision);
    }
    let marks = bodybroker_runtime::subject::Subject::literal("$KV.counts._bb.read");
    let last = durable.last("KV_counts", &marks).await?.unwrap();
    assert!(last.sequence - revision < 8, "64 reads took {} writes", last.sequence - revision);
    Ok(())
}

#[tokio::test]
async fn a_bucket_without_direct_reads_gets_them_when_it_is_provisioned_again() -> Result<()> {
    let server = bodybroker_runtime::testing::NatsServer::start().await?;
    let client = async_nats::connect(server.url()).await.unwrap();
    let old = async_nats::jetstream::stream::Config {
        name: "KV_counts".to_owned(),
        subjects: vec!["$KV.counts.>".to_owned()],
        max_messages_per_subject: 1,
        allow_direct: false,
        ..Default::default()
    };
    async_nats::jetstream::new(client).create_stream(old).await.unwrap();
    let store = store(&crate::durable::jetstream(&server)).await?;
    let revision = store.put("a", &Count { count: 1 }).await?;
    assert_eq!(store.get_linearizable("a").await?.map(|entry| entry.revision), Some(revision));
    Ok(())
}
