//! Events that are published with a write. Each body runs on a real server and in memory.

use std::collections::BTreeMap;
use std::time::Duration;

use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::durable::{Append, Start, StreamConfig};
use bodybroker_runtime::spec::{BucketSpec, Storage, Versions};
use bodybroker_runtime::store::{RefusedEvent, Store};
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::testing::{NatsServer, pretend_suspension};
use bodybroker_runtime::{Bus, Code, Result, Status};
use futures::StreamExt;
use futures::future::try_join_all;
use tokio::time::Instant;

mod frozen;
mod waiting;

use crate::durable::events;
use crate::event::{Moved, Rang, connected};
use frozen::{Frozen, Stop};

connected! {
    an_event_is_published_with_a_write_and_not_without,
    events_of_a_key_keep_their_order_through_a_change_of_relay,
    whoever_dies_at_whatever_step_each_event_is_published_once,
    who_wakes_up_late_publishes_nothing_again,
    who_reads_from_a_server_that_lags_publishes_nothing_again,
    who_was_suspended_with_its_machine_publishes_nothing_again,
    an_event_outlives_the_value_that_it_was_written_with,
    what_nobody_would_publish_is_refused,
    a_long_event_arrives_as_it_was,
    what_its_stream_will_never_take_is_put_aside_and_holds_nothing_up,
    whoever_dies_while_it_puts_an_event_aside_it_is_there_once,
}

/// A bucket of its own for each scenario of a test.
fn bucket(name: String, ttl: Option<Duration>) -> &'static BucketSpec {
    Box::leak(Box::new(BucketSpec {
        name: name.leak(),
        value: "test.v1.Rang",
        sealed: None,
        indexes: &[],
        history: 1,
        ttl,
        storage: Storage::File,
        replicas: 1,
        versions: Versions::FIRST,
    }))
}

/// The stream forgets ids at once, so that nothing else than the outbox protects from doubles.
async fn provision(connection: &Connection, spec: &BucketSpec) -> Result<()> {
    let durable = connection.durable();
    let duplicate_window = Duration::from_millis(100);
    durable.provision(&StreamConfig { duplicate_window, ..events(Vec::new()) }).await?;
    durable.provision(&StreamConfig::of_bucket(spec)).await.map(drop)
}

fn rang(bell: &str, number: u64) -> Rang {
    Rang { bell: bell.to_owned(), number }
}

/// Counts a bell up, and says so.
async fn ring(store: &Store<Rang>, bell: &str) -> Result<()> {
    let rung = store.modify_and_publish(bell, |old, events| {
        let next = rang(bell, old.map_or(0, |old| old.number) + 1);
        events.publish(&next);
        Ok(next)
    });
    rung.await.map(drop)
}

/// Waits until nothing waits to be published, nor is left of it.
async fn published(connection: &Connection, spec: &BucketSpec) -> Result<()> {
    let (stream, rows) = (format!("KV_{}", spec.name), format!("$KV.{}._bb.outbox.*", spec.name));
    let filter = Filter::parse(&rows)?;
    loop {
        let mut left = connection.durable().subjects(&stream, &filter).await?;
        let mut count = 0;
        while let Some(some) = left.next().await {
            count += some?.len();
        }
        if count == 0 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The events of a bell, in their order.
async fn heard(connection: &Connection, bell: &str) -> Result<Vec<u64>> {
    let filter = Filter::parse(&format!("evt.bell.rang.v1.{bell}"))?;
    let found = connection.durable().snapshot("EVENTS", &filter, Start::All).await?;
    let number = |payload| Ok(<Rang as prost::Message>::decode(payload)?.number);
    let numbers: std::result::Result<_, prost::DecodeError> =
        found.into_iter().map(|event| number(event.payload)).collect();
    numbers.map_err(|error| Status::data_loss(error.to_string()))
}

async fn an_event_is_published_with_a_write_and_not_without<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let store: Store<Rang> = connection.store_with_outbox(spec)?;
    let first = store.create("a", &rang("a", 1)).and_publish(&rang("a", 1)).await?;
    let second = store.update("a", &rang("a", 2), first).and_publish(&rang("a", 2)).await?;
    let stale = store.update("a", &rang("a", 9), first).and_publish(&rang("a", 9)).await;
    assert_eq!(stale.unwrap_err().code(), Code::Aborted);
    let batch = store.batch().put("b", &rang("b", 1)).and_publish(&rang("b", 1));
    batch.delete("a", second).and_publish(&rang("a", 3)).commit().await?;
    let unchanged = store.modify("b", |value| Ok(value.unwrap())).await?;
    assert_eq!(unchanged.value, rang("b", 1));
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "a").await?, [1, 2, 3]);
    assert_eq!(heard(&connection, "b").await?, [1]);
    // Nothing of it shows among the keys.
    assert_eq!(store.keys().await?, ["b"]);
    Ok(())
}

async fn events_of_a_key_keep_their_order_through_a_change_of_relay<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    const RINGS: u64 = 15;
    let [leaving, staying] = [connect("bells").await?, connect("bells").await?];
    let spec = bucket("bells".to_owned(), None);
    provision(&staying, spec).await?;
    let _relay: Store<Rang> = leaving.store_with_outbox(spec)?;
    let store: Store<Rang> = staying.store_with_outbox(spec)?;
    let bells = ["a", "b", "c", "d"];
    let ringing = try_join_all(bells.map(|bell| async {
        for _ in 0..RINGS {
            ring(&store, bell).await?;
        }
        Ok::<_, Status>(())
    }));
    let leave = async {
        while heard(&staying, "a").await?.len() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        leaving.close().await;
        Ok(())
    };
    tokio::try_join!(ringing, leave)?;
    published(&staying, spec).await?;
    for bell in bells {
        assert_eq!(heard(&staying, bell).await?, (1..=RINGS).collect::<Vec<_>>(), "{bell}");
    }
    Ok(())
}

/// A process that only writes, as if it died before it could publish.
fn writer(connection: &Connection, spec: &'static BucketSpec) -> Result<Store<Rang>> {
    Frozen::process(connection, Stop::Before(1))?.0.store_with_outbox(spec)
}

/// Three events wait, and one process dies while it publishes them; the next finds what is left.
async fn die(
    connection: &Connection,
    name: &str,
    stop: Stop,
) -> Result<BTreeMap<String, Vec<u64>>> {
    let spec = bucket(name.to_owned(), None);
    provision(connection, spec).await?;
    let store = writer(connection, spec)?;
    for _ in 0..3 {
        ring(&store, name).await?;
    }
    let (dying, frozen) = Frozen::process(connection, stop)?;
    let _relay: Store<Rang> = dying.store_with_outbox(spec)?;
    frozen.stopped().await;
    let _heir: Store<Rang> = connection.store_with_outbox(spec)?;
    published(connection, spec).await?;
    Ok(BTreeMap::from([(name.to_owned(), heard(connection, name).await?)]))
}

async fn whoever_dies_at_whatever_step_each_event_is_published_once<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = &connect("bells").await?;
    // The lease, and then for each of the events its publication and the removal of its row.
    let stops = (1..=7).flat_map(|step| [Stop::Before(step), Stop::After(step)]);
    let scenarios = stops.enumerate().map(|(number, stop)| async move {
        let heard = die(connection, &format!("bell-{number}"), stop).await?;
        for (bell, numbers) in heard {
            assert_eq!(numbers, [1, 2, 3], "{bell}: {stop:?}");
        }
        Ok::<_, Status>(())
    });
    try_join_all(scenarios).await.map(drop)
}

async fn who_wakes_up_late_publishes_nothing_again<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let store = writer(&connection, spec)?;
    ring(&store, "a").await?;
    // It has looked for the event and is about to publish it.
    let (suspended, frozen) = Frozen::process(&connection, Stop::Before(2))?;
    let _relay: Store<Rang> = suspended.store_with_outbox(spec)?;
    frozen.stopped().await;
    let _heir: Store<Rang> = connection.store_with_outbox(spec)?;
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "a").await?, [1]);
    frozen.wake().await;
    assert_eq!(heard(&connection, "a").await?, [1]);
    // What comes now is published by one of the two, and behind whatever the other still does.
    for _ in 0..3 {
        ring(&store, "a").await?;
        published(&connection, spec).await?;
    }
    assert_eq!(heard(&connection, "a").await?, [1, 2, 3, 4]);
    Ok(())
}

async fn who_reads_from_a_server_that_lags_publishes_nothing_again<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    ring(&writer(&connection, spec)?, "a").await?;
    // It publishes the event, and dies before it has removed the row.
    let (dying, frozen) = Frozen::process(&connection, Stop::Before(3))?;
    let _relay: Store<Rang> = dying.store_with_outbox(spec)?;
    frozen.stopped().await;
    let (heir, lagging) = Frozen::process(&connection, Stop::Lagging)?;
    let _heir: Store<Rang> = heir.store_with_outbox(spec)?;
    published(&connection, spec).await?;
    lagging.stopped().await;
    assert_eq!(heard(&connection, "a").await?, [1]);
    Ok(())
}

async fn who_was_suspended_with_its_machine_publishes_nothing_again<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let (suspended, frozen) = Frozen::process(&connection, Stop::Asleep)?;
    let store: Store<Rang> = suspended.store_with_outbox(spec)?;
    let lease = Subject::parse("$KV.bells._bb.lease.outbox")?;
    while connection.durable().last("KV_bells", &lease).await?.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    ring(&store, "a").await?;
    frozen.stopped().await;
    // As after its validity, of which the suspended one sees nothing: its clock stands still.
    connection.durable().purge("KV_bells", &lease).await?;
    let _heir: Store<Rang> = connection.store_with_outbox(spec)?;
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "a").await?, [1]);
    pretend_suspension(&suspended, Duration::from_mins(1));
    frozen.wake().await;
    assert_eq!(heard(&connection, "a").await?, [1]);
    Ok(())
}

async fn an_event_outlives_the_value_that_it_was_written_with<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), Some(Duration::from_secs(1)));
    provision(&connection, spec).await?;
    let store = writer(&connection, spec)?;
    ring(&store, "a").await?;
    while store.get("a").await?.is_some() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let _relay: Store<Rang> = connection.store_with_outbox(spec)?;
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "a").await?, [1]);
    Ok(())
}

async fn what_nobody_would_publish_is_refused<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let store: Store<Rang> = connection.store(spec)?;
    let refused = store.put("a", &rang("a", 1)).and_publish(&rang("a", 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    let store: Store<Rang> = connection.store_with_outbox(spec)?;
    let moved = Moved { thing: "a".to_owned() };
    let refused = store.put("a", &rang("a", 1)).and_publish(&moved).await.unwrap_err();
    assert!(refused.message().contains("write it there"), "{refused}");
    assert!(store.keys().await?.is_empty());
    Ok(())
}

/// Bells are rung while their server dies and comes back, twice.
#[tokio::test]
async fn events_keep_their_order_through_restarts_of_the_server() -> Result<()> {
    const RINGS: u64 = 60;
    let mut server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "bells")).await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let store: Store<Rang> = connection.store_with_outbox(spec)?;
    let (rung, mut rings) = tokio::sync::watch::channel(0);
    let ringing = async {
        for number in 1..=RINGS {
            for bell in ["a", "b"] {
                ring(&store, bell).await?;
            }
            rung.send_replace(number);
        }
        Ok::<_, Status>(())
    };
    let dying = async {
        for at in [20, 40] {
            rings.wait_for(|rung| *rung >= at).await.unwrap();
            server.kill();
            server.restart().await?;
        }
        Ok(())
    };
    tokio::try_join!(ringing, dying)?;
    published(&connection, spec).await?;
    for bell in ["a", "b"] {
        assert_eq!(heard(&connection, bell).await?, (1..=RINGS).collect::<Vec<_>>(), "{bell}");
    }
    Ok(())
}

async fn a_long_event_arrives_as_it_was<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let store: Store<Rang> = connection.store_with_outbox(spec)?;
    let long = rang(&"ding dong ".repeat(10_000), 1);
    let mut events = connection.subscribe_events::<Rang>(Start::All).await?;
    store.put("a", &long).and_publish(&long).await?;
    assert_eq!(events.next().await.unwrap()?.event, long);
    assert_eq!(store.get("a").await?.unwrap().value, long);
    Ok(())
}

/// Waits until so many events are put aside.
async fn refused(store: &Store<Rang>, count: usize) -> Result<Vec<RefusedEvent>> {
    loop {
        let refused = store.refused_events().await?;
        if refused.len() == count {
            return Ok(refused);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn what_its_stream_will_never_take_is_put_aside_and_holds_nothing_up<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("bells").await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    // The second event of each bell is too much for its stream.
    let second = |append: &Append| {
        let is_second = append.stream == "EVENTS" && append.payload.ends_with(&[16, 2]);
        is_second.then_some(Code::InvalidArgument)
    };
    let (refusing, _) = Frozen::process(&connection, Stop::Refused(second, None))?;
    let store: Store<Rang> = refusing.store_with_outbox(spec)?;
    for _ in 0..3 {
        ring(&store, "a").await?;
        ring(&store, "b").await?;
    }
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "a").await?, [1, 3]);
    assert_eq!(heard(&connection, "b").await?, [1, 3]);
    let mut aside = refused(&store, 2).await?;
    aside.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(aside[0].key.as_deref(), Some("a"));
    assert_eq!((&*aside[1].stream, &*aside[1].subject), ("EVENTS", "evt.bell.rang.v1.b"));
    assert!(aside[1].reason.contains("refused, sagt die Glocke"), "{aside:?}");
    // Neither a key nor an event shows anything of it.
    assert_eq!(store.keys().await?.len(), 2);
    refusing.close().await;
    // Whatever it was is mended, and somebody says so.
    let store: Store<Rang> = connection.store_with_outbox(spec)?;
    assert_eq!(store.publish_refused_events().await?, 2);
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "a").await?, [1, 3, 2]);
    assert!(store.refused_events().await?.is_empty());
    assert_eq!(store.publish_refused_events().await?, 0);
    Ok(())
}

async fn whoever_dies_while_it_puts_an_event_aside_it_is_there_once<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = &connect("bells").await?;
    let refuses = |append: &Append| (append.stream == "EVENTS").then_some(Code::InvalidArgument);
    // The lease, the event that is refused, its copy, and the removal of its row.
    let scenarios = [3, 4].map(|step| async move {
        let spec = bucket(format!("bells-{step}"), None);
        provision(connection, spec).await?;
        ring(&writer(connection, spec)?, "a").await?;
        let (dying, frozen) = Frozen::process(connection, Stop::Refused(refuses, Some(step)))?;
        let _relay: Store<Rang> = dying.store_with_outbox(spec)?;
        frozen.stopped().await;
        let (heir, _) = Frozen::process(connection, Stop::Refused(refuses, None))?;
        let store: Store<Rang> = heir.store_with_outbox(spec)?;
        published(connection, spec).await?;
        assert_eq!(store.refused_events().await?.len(), 1, "{step}");
        Ok::<_, Status>(())
    });
    try_join_all(scenarios).await.map(drop)
}

/// The stream of one bell's events isn't there, and that of another's isn't reached.
#[tokio::test(start_paused = true)]
async fn what_may_be_mended_is_tried_for_minutes() -> Result<()> {
    let connection = Connection::local(&Bus::new(), "bells");
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let nobody = |append: &Append| match append.subject.as_str() {
        "evt.bell.rang.v1.gone" => Some(Code::FailedPrecondition),
        "evt.bell.rang.v1.away" => Some(Code::Unavailable),
        _ => None,
    };
    let (refusing, _) = Frozen::process(&connection, Stop::Refused(nobody, None))?;
    let store: Store<Rang> = refusing.store_with_outbox(spec)?;
    ring(&store, "gone").await?;
    ring(&store, "away").await?;
    let began = Instant::now();
    let aside = refused(&store, 1).await?;
    assert_eq!(aside[0].key.as_deref(), Some("gone"));
    assert!(began.elapsed() >= Duration::from_mins(5), "{:?}", began.elapsed());
    // What only isn't reached is tried for ever.
    tokio::time::sleep(Duration::from_hours(24)).await;
    assert_eq!(store.refused_events().await?.len(), 1);
    refusing.close().await;
    let _heir: Store<Rang> = connection.store_with_outbox(spec)?;
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "away").await?, [1]);
    Ok(())
}

/// The stream of the events takes none that are longer than this, and any length without.
async fn limit(server: &NatsServer, bytes: Option<i32>) {
    let client = async_nats::connect(server.url()).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let mut config = context.get_stream("EVENTS").await.unwrap().cached_info().config.clone();
    config.max_message_size = bytes.unwrap_or(-1);
    context.update_stream(config).await.unwrap();
}

#[tokio::test]
async fn an_event_that_is_too_long_for_its_stream_is_put_aside_at_once() -> Result<()> {
    let server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "bells")).await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    limit(&server, Some(2_000)).await;
    let store: Store<Rang> = connection.store_with_outbox(spec)?;
    let long = rang(&"dong".repeat(1_000), 1);
    store.put("a", &rang("a", 1)).and_publish(&long).await?;
    store.put("a", &rang("a", 2)).and_publish(&rang("a", 2)).await?;
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "a").await?, [2]);
    let aside = refused(&store, 1).await?;
    assert!(aside[0].reason.starts_with("INVALID_ARGUMENT"), "{aside:?}");
    limit(&server, None).await;
    let mut events = connection.subscribe_events::<Rang>(Start::New).await?;
    assert_eq!(store.publish_refused_events().await?, 1);
    assert_eq!(events.next().await.unwrap()?.event, long);
    Ok(())
}

#[tokio::test]
async fn an_event_waits_for_a_stream_that_is_gone() -> Result<()> {
    let server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "bells")).await?;
    let spec = bucket("bells".to_owned(), None);
    provision(&connection, spec).await?;
    let client = async_nats::connect(server.url()).await.unwrap();
    async_nats::jetstream::new(client.clone()).delete_stream("EVENTS").await.unwrap();
    let mut asked = client.subscribe("$JS.API.STREAM.MSG.GET.EVENTS").await.unwrap();
    crate::fixture::settled(&client).await;
    let store: Store<Rang> = connection.store_with_outbox(spec)?;
    ring(&store, "a").await?;
    ring(&store, "a").await?;
    // It has been looked for more than once.
    for _ in 0..3 {
        asked.next().await.unwrap();
    }
    provision(&connection, spec).await?;
    published(&connection, spec).await?;
    assert_eq!(heard(&connection, "a").await?, [1, 2]);
    assert!(store.refused_events().await?.is_empty());
    Ok(())
}
