//! What every implementation of durable streams promises. Each body runs on a real server and in memory.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::durable::{
    Append, Bucket, ConsumerConfig, Dial, Durable, JetStream, Record, RevisionConflict, Seen,
    Settlement, Start, StreamConfig, StreamSource,
};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::spec::{BucketSpec, Storage, Versions};
use bodybroker_runtime::status::Executed;
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Code, Result};
use futures::future::join_all;
use futures::{Stream, StreamExt, TryStreamExt};

mod lagging;
mod overtaken;
mod permissions;
mod restart;
mod vanishing;

macro_rules! everywhere {
    ($($body:ident,)*) => {
        mod in_memory {
            $(#[tokio::test(start_paused = true)]
            async fn $body() -> bodybroker_runtime::Result<()> {
                let memory = bodybroker_runtime::durable::Memory::new();
                super::$body(std::sync::Arc::new(memory)).await
            })*
        }

        mod on_a_server {
            $(#[tokio::test]
            async fn $body() -> bodybroker_runtime::Result<()> {
                let server = bodybroker_runtime::testing::NatsServer::start().await?;
                super::$body(crate::durable::jetstream(&server)).await
            })*
        }
    };
}

pub(crate) use everywhere;

everywhere! {
    a_stale_write_is_refused_with_the_current_revision,
    a_key_is_created_once,
    a_deleted_key_may_be_created_again,
    any_text_is_a_key,
    history_keeps_as_many_revisions_as_the_bucket_says,
    a_watch_shows_what_is_there_and_every_change,
    a_watch_becomes_current_behind_what_can_not_be_read,
    a_repeated_id_is_stored_once,
    what_no_stream_takes_is_told,
    who_expects_what_is_gone_is_refused,
    accepted_writes_of_a_bucket_arrive_as_events_and_refused_ones_do_not,
    a_bucket_sourced_late_tells_what_it_held,
    an_unacknowledged_message_comes_again,
    two_members_share_a_consumer,
    a_reading_starts_where_it_is_told,
    provisioning_twice_changes_nothing,
}

pub(crate) fn jetstream(server: &NatsServer) -> Arc<dyn Durable> {
    Arc::new(JetStream::new(dial(&server.url())))
}

pub(crate) fn dial(url: &str) -> Dial {
    Dial {
        url: url.to_owned(),
        name: "test".to_owned(),
        inbox_prefix: "_INBOX.test".to_owned(),
        auth: bodybroker_runtime::durable::Auth::Anonymous,
        tls: None,
        provision: false,
    }
}

static SPEC: BucketSpec = BucketSpec {
    name: "things",
    value: "test.v1.Thing",
    sealed: None,
    indexes: &[],
    history: 3,
    ttl: None,
    storage: Storage::File,
    replicas: 1,
    versions: Versions::FIRST,
};

pub(crate) async fn bucket(durable: &Arc<dyn Durable>) -> Result<Bucket> {
    durable.provision(&StreamConfig::of_bucket(&SPEC)).await?;
    Ok(Bucket::new(Arc::clone(durable), &SPEC))
}

async fn a_stale_write_is_refused_with_the_current_revision(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let bucket = bucket(&durable).await?;
    let first = bucket.put("a", "one".into()).await?;
    let second = bucket.update("a", "two".into(), first).await?;
    let refused = bucket.update("a", "three".into(), first).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted);
    assert_eq!(RevisionConflict::current(&refused), Some(second));
    let refused = bucket.delete("a", Some(first)).await.unwrap_err();
    assert_eq!(RevisionConflict::current(&refused), Some(second));
    let found = bucket.get("a").await?.unwrap();
    assert_eq!((found.value.as_deref(), found.revision), (Some(&b"two"[..]), second));
    Ok(())
}

async fn a_key_is_created_once(durable: Arc<dyn Durable>) -> Result<()> {
    let bucket = bucket(&durable).await?;
    let revision = bucket.create("a", "one".into()).await?;
    let refused = bucket.create("a", "two".into()).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(RevisionConflict::current(&refused), Some(revision));
    Ok(())
}

async fn a_deleted_key_may_be_created_again(durable: Arc<dyn Durable>) -> Result<()> {
    let bucket = bucket(&durable).await?;
    let revision = bucket.create("a", "one".into()).await?;
    bucket.delete("a", Some(revision)).await?;
    assert_eq!(bucket.get("a").await?, None);
    assert!(bucket.keys().await?.is_empty());
    bucket.create("a", "two".into()).await?;
    assert_eq!(bucket.keys().await?, ["a"]);
    Ok(())
}

async fn any_text_is_a_key(durable: Arc<dyn Durable>) -> Result<()> {
    let bucket = bucket(&durable).await?;
    let long = "ключ/".repeat(100);
    let keys = ["", "a.b", "*", ">", "../x", "a b\r\nPUB x 0", "=20", "köln", &long];
    for key in keys {
        bucket.put(key, key.to_owned().into()).await?;
    }
    for key in keys {
        let found = bucket.get(key).await?.unwrap();
        assert_eq!(found.value.as_deref(), Some(key.as_bytes()));
        assert_eq!(found.key, key);
    }
    assert_eq!(bucket.keys().await?, keys);
    Ok(())
}

async fn history_keeps_as_many_revisions_as_the_bucket_says(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let bucket = bucket(&durable).await?;
    assert!(bucket.history("a").await?.is_empty());
    for number in 1..=5 {
        bucket.put("a", vec![number].into()).await?;
        bucket.put("b", vec![number].into()).await?;
    }
    let history = bucket.history("a").await?;
    let values: Vec<_> = history.iter().map(|record| record.value.as_ref().unwrap()[0]).collect();
    assert_eq!(values, [3, 4, 5]);
    Ok(())
}

async fn a_watch_shows_what_is_there_and_every_change(durable: Arc<dyn Durable>) -> Result<()> {
    let bucket = bucket(&durable).await?;
    bucket.put("a", "1".into()).await?;
    bucket.put("a", "2".into()).await?;
    bucket.put("b", "3".into()).await?;
    let mut all = bucket.watch(None, Start::LastPerSubject).await?;
    let mut one = bucket.watch(Some("b"), Start::LastPerSubject).await?;
    let mut none = bucket.watch(Some("c"), Start::All).await?;
    bucket.put("a", "4".into()).await?;
    bucket.delete("b", None).await?;
    assert_eq!(shown(&mut all, 5).await?, ["a=2", "b=3", "current", "a=4", "-b"]);
    assert_eq!(shown(&mut one, 3).await?, ["b=3", "current", "-b"]);
    assert_eq!(shown(&mut none, 1).await?, ["current"]);
    Ok(())
}

async fn a_watch_becomes_current_behind_what_can_not_be_read(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let bucket = bucket(&durable).await?;
    bucket.put("a", "1".into()).await?;
    let foreign = event("$KV.things.=foreign", None);
    durable.append(Append { stream: "KV_things".to_owned(), ..foreign }).await?;
    let mut watch = bucket.watch(None, Start::LastPerSubject).await?;
    assert_eq!(shown(&mut watch, 1).await?, ["a=1"]);
    assert_eq!(watch.next().await.unwrap().unwrap_err().code(), Code::DataLoss);
    assert_eq!(shown(&mut watch, 1).await?, ["current"]);
    Ok(())
}

/// The next things that a watch shows.
async fn shown(
    watch: &mut (impl Stream<Item = Result<Seen>> + Unpin),
    count: usize,
) -> Result<Vec<String>> {
    let shown = watch.take(count).map_ok(|seen| match seen {
        Seen::Record(Record { key, value: Some(value), .. }) => {
            format!("{key}={}", value.escape_ascii())
        }
        Seen::Record(Record { key, value: None, .. }) => format!("-{key}"),
        Seen::Current => "current".to_owned(),
    });
    shown.try_collect().await
}

pub(crate) fn events(sources: Vec<StreamSource>) -> StreamConfig {
    StreamConfig {
        name: "EVENTS".to_owned(),
        subjects: vec!["evt.>".to_owned()],
        max_age: Some(Duration::from_mins(5)),
        storage: Storage::File,
        replicas: 1,
        duplicate_window: Duration::from_mins(2),
        limits: bodybroker_runtime::durable::Limits::default(),
        sources,
        bucket: false,
        batches: false,
        taken_over: None,
    }
}

fn thing_changed() -> StreamSource {
    StreamSource {
        bucket: "things".to_owned(),
        destination: "evt.thing.changed.v1.{{wildcard(1)}}".to_owned(),
    }
}

pub(crate) fn event(subject: &'static str, id: Option<&str>) -> Append {
    Append {
        stream: "EVENTS".to_owned(),
        subject: Subject::literal(subject),
        headers: Headers::new(),
        payload: subject.into(),
        expect: None,
        id: id.map(str::to_owned),
    }
}

async fn a_repeated_id_is_stored_once(durable: Arc<dyn Durable>) -> Result<()> {
    durable.provision(&events(Vec::new())).await?;
    let first = durable.append(event("evt.a", Some("x"))).await?;
    let again = durable.append(event("evt.a", Some("x"))).await?;
    assert!(!first.duplicate && again.duplicate);
    assert_eq!(first.sequence, again.sequence);
    let all = durable.snapshot("EVENTS", &Filter::literal("evt.>"), Start::All).await?;
    assert_eq!(all.len(), 1);
    Ok(())
}

async fn what_no_stream_takes_is_told(durable: Arc<dyn Durable>) -> Result<()> {
    let refused = async |event, why: &str| {
        let status = durable.append(event).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition, "{status}");
        assert_eq!(status.executed(), Executed::No);
        assert!(status.message().contains(why), "{status}");
    };
    refused(event("evt.a", None), "there is no stream EVENTS").await;
    durable.provision(&events(Vec::new())).await?;
    refused(event("other.a", None), "stream EVENTS does not capture other.a").await;
    Ok(())
}

async fn who_expects_what_is_gone_is_refused(durable: Arc<dyn Durable>) -> Result<()> {
    durable.provision(&events(Vec::new())).await?;
    let sequence = durable.append(event("evt.a", None)).await?.sequence;
    durable.purge("EVENTS", &Subject::literal("evt.a")).await?;
    let late = Append { expect: Some(sequence), ..event("evt.a", None) };
    let refused = durable.append(late).await.unwrap_err();
    assert_eq!(refused.code(), Code::Aborted, "{refused}");
    assert_eq!(RevisionConflict::current(&refused), Some(0));
    Ok(())
}

async fn accepted_writes_of_a_bucket_arrive_as_events_and_refused_ones_do_not(
    durable: Arc<dyn Durable>,
) -> Result<()> {
    let bucket = bucket(&durable).await?;
    durable.provision(&events(vec![thing_changed()])).await?;
    let filter = Filter::literal("evt.thing.changed.v1.*");
    let mut reading = durable.read("EVENTS", &filter, Start::All).await?.messages;
    let first = bucket.put("a.b", "one".into()).await?;
    bucket.update("a.b", "refused".into(), first + 1).await.unwrap_err();
    bucket.update("a.b", "two".into(), first).await?;
    for expected in ["one", "two"] {
        let event = reading.next().await.unwrap()?;
        assert_eq!(event.subject, "evt.thing.changed.v1.a=2Eb");
        assert_eq!(event.payload, expected);
        assert!(event.headers.get("Nats-Stream-Source").is_some());
    }
    Ok(())
}

async fn a_bucket_sourced_late_tells_what_it_held(durable: Arc<dyn Durable>) -> Result<()> {
    let bucket = bucket(&durable).await?;
    bucket.put("a", "one".into()).await?;
    durable.provision(&events(Vec::new())).await?;
    durable.provision(&events(vec![thing_changed()])).await?;
    let filter = Filter::literal("evt.thing.changed.v1.*");
    let mut reading = durable.read("EVENTS", &filter, Start::All).await?.messages;
    assert_eq!(reading.next().await.unwrap()?.payload, "one");
    Ok(())
}

fn consumer() -> ConsumerConfig {
    ConsumerConfig {
        stream: "EVENTS".to_owned(),
        name: "workers".to_owned(),
        filter: Filter::literal("evt.>"),
        ack_wait: Duration::from_secs(1),
        max_in_hand: 1000,
    }
}

async fn an_unacknowledged_message_comes_again(durable: Arc<dyn Durable>) -> Result<()> {
    durable.provision(&events(Vec::new())).await?;
    durable.append(event("evt.a", None)).await?;
    let consumer = durable.consumer(&consumer()).await?;
    let one = async || {
        let mut pull = consumer.pull(1, Duration::from_secs(10)).await?;
        pull.next().await.unwrap()
    };
    let first = one().await?;
    assert_eq!(first.deliveries, 1);
    // Nobody settles it: it comes again after `ack_wait`.
    let second = one().await?;
    assert_eq!((second.message.sequence, second.deliveries), (first.message.sequence, 2));
    second.receipt.settle(Settlement::Again(Duration::from_millis(10))).await?;
    let third = one().await?;
    assert_eq!(third.deliveries, 3);
    third.receipt.settle(Settlement::Done).await?;
    let mut nothing = consumer.pull(1, Duration::from_secs(2)).await?;
    assert!(nothing.next().await.is_none());
    Ok(())
}

async fn two_members_share_a_consumer(durable: Arc<dyn Durable>) -> Result<()> {
    durable.provision(&events(Vec::new())).await?;
    for _ in 0..20 {
        durable.append(event("evt.a", None)).await?;
    }
    let mut seen = Vec::new();
    for _ in 0..2 {
        let member = durable.consumer(&consumer()).await?;
        let mut pull = member.pull(10, Duration::from_secs(5)).await?;
        while let Some(pulled) = pull.next().await {
            let pulled = pulled?;
            pulled.receipt.settle(Settlement::Done).await?;
            seen.push(pulled.message.sequence);
        }
    }
    assert_eq!(seen, (1..=20).collect::<Vec<_>>());
    Ok(())
}

async fn a_reading_starts_where_it_is_told(durable: Arc<dyn Durable>) -> Result<()> {
    durable.provision(&events(Vec::new())).await?;
    for _ in 0..3 {
        durable.append(event("evt.a", None)).await?;
    }
    let filter = Filter::literal("evt.>");
    let third = durable.last("EVENTS", &Subject::literal("evt.a")).await?.unwrap();
    for (start, expected) in [
        (Start::All, 1),
        (Start::Sequence(2), 2),
        (Start::LastPerSubject, 3),
        (Start::Time(third.time), 3),
        (Start::New, 4),
    ] {
        let mut reading = durable.read("EVENTS", &filter, start).await?;
        if start == Start::New {
            assert_eq!(reading.pending, 0);
            durable.append(event("evt.a", None)).await?;
        }
        assert_eq!(reading.messages.next().await.unwrap()?.sequence, expected, "{start:?}");
    }
    Ok(())
}

async fn provisioning_twice_changes_nothing(durable: Arc<dyn Durable>) -> Result<()> {
    use bodybroker_runtime::durable::Provisioned;
    bucket(&durable).await?;
    let config = events(vec![thing_changed()]);
    assert_eq!(durable.provision(&config).await?, Provisioned::Created);
    assert_eq!(durable.provision(&config).await?, Provisioned::Unchanged);
    let longer = StreamConfig { max_age: Some(Duration::from_mins(10)), ..config };
    assert_eq!(durable.provision(&longer).await?, Provisioned::Updated);
    assert_eq!(durable.provision(&StreamConfig::of_bucket(&SPEC)).await?, Provisioned::Unchanged);
    Ok(())
}

#[tokio::test]
async fn who_comes_while_what_is_missing_is_made_waits_for_it() -> Result<()> {
    for _ in 0..3 {
        let server = NatsServer::start().await?;
        let durable = JetStream::new(Dial { provision: true, ..dial(&server.url()) });
        durable.assume(&StreamConfig::of_bucket(&SPEC));
        durable.assume(&events(vec![thing_changed()]));
        let config = consumer();
        for member in join_all((0..8).map(|_| durable.consumer(&config))).await {
            member?;
        }
    }
    Ok(())
}
