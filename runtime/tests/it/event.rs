//! Events and their consumers. Each body runs on a real server and in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::durable::{Append, Start, StreamConfig};
use bodybroker_runtime::event::{Event as _, Publication, Tuning, start_consumers_with};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::server::Service;
use bodybroker_runtime::status::Executed;
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::{Code, Result, Status};
use bytes::Bytes;

mod fixture;
mod lost;

pub(crate) use fixture::{
    Dispatch, LISTENER, Listener, Moved, PLACES, Rang, provision, quick, rang,
};

use crate::durable::{event, events};
use crate::fixture::{noise, words};

macro_rules! connected {
    ($($body:ident,)*) => {
        mod in_memory {
            $(#[tokio::test(start_paused = true)]
            async fn $body() -> bodybroker_runtime::Result<()> {
                let bus = bodybroker_runtime::bus::Bus::new();
                let connect = |name: &str| {
                    std::future::ready(Ok(super::Connection::local(&bus, name)))
                };
                super::$body(connect).await
            })*
        }

        mod on_a_server {
            use bodybroker_runtime::connection::Options;

            $(#[tokio::test]
            async fn $body() -> bodybroker_runtime::Result<()> {
                let server = bodybroker_runtime::testing::NatsServer::start().await?;
                let connect = |name: &str| super::Connection::connect(Options::new(server.url(), name));
                super::$body(connect).await
            })*
        }
    };
}

pub(crate) use connected;

connected! {
    an_event_is_handled_until_it_succeeds,
    a_poisonous_event_becomes_one_dead_letter,
    a_panic_counts_as_a_failure,
    writes_of_a_bucket_are_consumed_and_deletions_are_not,
    an_event_of_a_bucket_is_not_published_beside_it,
    a_slow_handler_keeps_its_event,
    a_drain_hands_everything_over,
    a_watcher_reads_from_where_it_says,
    an_expired_event_is_passed_over,
    what_leaves_no_room_for_a_reason_is_given_up_all_the_same,
    long_values_and_events_are_kept_compressed,
    what_is_too_long_for_a_stream_is_refused_and_nothing_breaks,
}

async fn an_event_is_handled_until_it_succeeds<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    provision(connection.durable()).await?;
    let listener = Listener::new(|context, _| async move {
        assert_eq!(context.idempotency_key(), Some("EVENTS:1"));
        if context.attempt() < 3 { Err(Status::unavailable("not yet")) } else { Ok(()) }
    });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = start_consumers_with(&connection, &service, quick()).await?;
    let published = connection.publish_as(&rang(7), Publication::new().id("seven")).await?;
    assert!(!published.duplicate);
    assert!(connection.publish_as(&rang(7), Publication::new().id("seven")).await?.duplicate);
    listener.until(|heard| heard.get(&7) == Some(&3)).await;
    consumers.drain().await;
    assert_eq!(dead_letters(&connection).await?, 0);
    Ok(())
}

async fn a_poisonous_event_becomes_one_dead_letter<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    provision(connection.durable()).await?;
    let listener = Listener::new(|_, rang: Rang| async move {
        match rang.number {
            1 => Err(Status::internal("this one never works")),
            2 => Err(Status::invalid_argument("nor this one")),
            _ => Ok(()),
        }
    });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = start_consumers_with(&connection, &service, quick()).await?;
    for number in 1..=3 {
        connection.publish(&rang(number)).await?;
    }
    let filter = Filter::literal("dlq.EVENTS.listener-rang");
    let mut letters = connection.durable().read("DLQ", &filter, Start::All).await?.messages;
    let mut found = BTreeMap::new();
    for _ in 0..2 {
        let letter = futures::StreamExt::next(&mut letters).await.unwrap()?;
        let said = |name| letter.headers.get(name).unwrap().to_owned();
        found
            .insert(said("Bb-Dead-Sequence"), (said("Bb-Dead-Reason"), said("Bb-Dead-Deliveries")));
    }
    consumers.drain().await;
    assert_eq!(found["1"], ("this one never works".to_owned(), "3".to_owned()));
    assert_eq!(found["2"], ("nor this one".to_owned(), "1".to_owned()));
    assert_eq!(dead_letters(&connection).await?, 2);
    assert_eq!(*listener.heard.lock().unwrap(), BTreeMap::from([(1, 3), (2, 1), (3, 1)]));
    Ok(())
}

async fn a_panic_counts_as_a_failure<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    provision(connection.durable()).await?;
    let listener = Listener::new(|context, _| async move {
        assert!(context.attempt() > 1, "the first attempt panics");
        Ok(())
    });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = start_consumers_with(&connection, &service, quick()).await?;
    connection.publish(&rang(1)).await?;
    listener.until(|heard| heard.get(&1) == Some(&2)).await;
    consumers.drain().await;
    Ok(())
}

async fn writes_of_a_bucket_are_consumed_and_deletions_are_not<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    provision(connection.durable()).await?;
    let listener = Listener::new(|_, _| async { Ok(()) });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = start_consumers_with(&connection, &service, quick()).await?;
    let places = connection.store::<Moved>(&PLACES)?;
    let moved = |thing: &str| Moved { thing: thing.to_owned() };
    let first = places.create("a b", &moved("a b")).await?;
    assert_eq!(
        places.update("a b", &moved("x"), first + 9).await.unwrap_err().code(),
        Code::Aborted
    );
    places.remove("a b").await?;
    places.put("c", &moved("c")).await?;
    let mut watcher = connection.subscribe_events::<Moved>(Start::All).await?;
    for thing in ["a b", "c"] {
        let received = watcher.next().await.unwrap()?;
        assert_eq!(received.event.thing, thing);
        assert_eq!(received.subject, received.event.subject().as_str());
    }
    listener.until(|_| listener.moved.load(Ordering::SeqCst) == 2).await;
    consumers.drain().await;
    assert_eq!(listener.moved.load(Ordering::SeqCst), 2);
    Ok(())
}

async fn an_event_of_a_bucket_is_not_published_beside_it<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    let refused = connection.publish(&Moved { thing: "a".to_owned() }).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    Ok(())
}

async fn a_slow_handler_keeps_its_event<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    provision(connection.durable()).await?;
    let tuning = Tuning { ack_wait: Duration::from_millis(600), ..quick() };
    let slow = tuning.ack_wait * 3;
    let listener = Listener::new(move |_, _| async move {
        tokio::time::sleep(slow).await;
        Ok(())
    });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = start_consumers_with(&connection, &service, tuning).await?;
    connection.publish(&rang(1)).await?;
    listener.until(|heard| heard.contains_key(&1)).await;
    consumers.drain().await;
    assert_eq!(*listener.heard.lock().unwrap(), BTreeMap::from([(1, 1)]));
    Ok(())
}

async fn a_drain_hands_everything_over<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    const EVENTS: u64 = 300;
    let first = connect("listener").await?;
    let second = connect("listener").await?;
    provision(first.durable()).await?;
    // Nothing may wait for its redelivery: the test would time out.
    let tuning = Tuning { ack_wait: Duration::from_mins(5), ..quick() };
    let listener = Listener::new(|_, _| async {
        tokio::task::yield_now().await;
        Ok(())
    });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let draining = start_consumers_with(&first, &service, tuning.clone()).await?;
    let staying = start_consumers_with(&second, &service, tuning).await?;
    let publish = async {
        for number in 0..EVENTS {
            first.publish(&rang(number)).await?;
        }
        Ok::<_, Status>(())
    };
    let drain = async {
        listener.until(|heard| heard.len() > 100).await;
        draining.drain().await;
        Ok(())
    };
    tokio::try_join!(publish, drain)?;
    listener.until(|heard| heard.len() as u64 == EVENTS).await;
    staying.drain().await;
    assert!(listener.heard.lock().unwrap().values().all(|times| *times == 1));
    Ok(())
}

async fn a_watcher_reads_from_where_it_says<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("watcher").await?;
    provision(connection.durable()).await?;
    for number in 1..=3 {
        connection.publish(&rang(number)).await?;
    }
    let mut late = connection.subscribe_events::<Rang>(Start::Sequence(2)).await?;
    assert_eq!(late.next().await.unwrap()?.event.number, 2);
    let subject = rang(0).subject();
    let mut new =
        connection.subscribe_events_at::<Rang>(&Filter::from(&subject), Start::New).await?;
    let other = Rang { bell: "other".to_owned(), number: 4 };
    connection.publish(&other).await?;
    connection.publish(&rang(5)).await?;
    let received = new.next().await.unwrap()?;
    assert_eq!((received.event.number, received.sequence), (5, 5));
    Ok(())
}

async fn an_expired_event_is_passed_over<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    provision(connection.durable()).await?;
    connection.publish_as(&rang(1), Publication::new().expires_in(Duration::ZERO)).await?;
    connection.publish(&rang(2)).await?;
    let listener = Listener::new(|_, _| async { Ok(()) });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = start_consumers_with(&connection, &service, quick()).await?;
    listener.until(|heard| heard.contains_key(&2)).await;
    consumers.drain().await;
    assert_eq!(*listener.heard.lock().unwrap(), BTreeMap::from([(2, 1)]));
    Ok(())
}

/// A bucket is the source of its events, so that the server copies what says how they are compressed.
/// One is as long as a message may be, the other asks something of its stream that the dead letters can't fulfil.
async fn what_leaves_no_room_for_a_reason_is_given_up_all_the_same<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    let durable = connection.durable();
    provision(durable).await?;
    let sources = StreamConfig::of_event(Moved::spec()).sources;
    durable.provision(&StreamConfig { batches: true, ..events(sources) }).await?;
    let service: Arc<dyn Service> = Arc::new(Dispatch(Listener::new(|_, _| async { Ok(()) })));
    let consumers = start_consumers_with(&connection, &service, quick()).await?;
    let mut expiring = Headers::new();
    expiring.insert("Nats-TTL", "1h")?;
    let long = noise(1024 * 1024 - 200).into_bytes();
    for (headers, payload) in [(expiring, vec![0xff]), (Headers::new(), long.clone())] {
        let append =
            Append { headers, payload: payload.into(), ..event("evt.bell.rang.v1.x", None) };
        durable.append(append).await?;
    }
    let filter = Filter::literal("dlq.EVENTS.listener-rang");
    let mut letters = durable.read("DLQ", &filter, Start::All).await?.messages;
    let mut found = BTreeMap::new();
    for _ in 0..2 {
        let letter = futures::StreamExt::next(&mut letters).await.unwrap()?;
        let bytes = letter.headers.get("Bb-Dead-Bytes").map(str::to_owned);
        found.insert(
            letter.headers.get("Bb-Dead-Sequence").unwrap().to_owned(),
            (letter.payload, bytes),
        );
    }
    consumers.drain().await;
    assert_eq!(found["1"], (Bytes::from_static(&[0xff]), None));
    assert_eq!(found["2"], (Bytes::new(), Some(long.len().to_string())));
    Ok(())
}

async fn long_values_and_events_are_kept_compressed<F: Future<Output = Result<Connection>>>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    provision(connection.durable()).await?;
    let listener =
        Listener::new(|_, _| async { Err(Status::invalid_argument("nobody wants to know")) });
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = start_consumers_with(&connection, &service, quick()).await?;
    let long = words(200_000);
    let moved = Moved { thing: long.clone() };
    let places = connection.store::<Moved>(&PLACES)?;
    places.create("a", &moved).await?;
    connection.publish(&Rang { bell: long, number: 1 }).await?;
    assert_eq!(places.get("a").await?.unwrap().value, moved);
    assert_eq!(places.get_linearizable("a").await?.unwrap().value, moved);
    assert_eq!(places.entries().await?[0].value, moved);
    listener.until(|heard| heard.len() == 1 && listener.moved.load(Ordering::SeqCst) == 1).await;
    let mut watching = connection.subscribe_events::<Moved>(Start::All).await?;
    assert_eq!(watching.next().await.unwrap()?.event, moved);
    let (all, start) = (Filter::literal("evt.>"), Start::All);
    let kept = connection.durable().snapshot("EVENTS", &all, start).await?;
    assert_eq!(kept.len(), 2);
    for stored in kept {
        assert_eq!(stored.headers.get("Content-Encoding"), Some("zstd"));
        assert!(stored.payload.len() < 100_000);
        let size = stored.headers.get("Bb-Raw-Size").unwrap();
        assert_eq!(stored.plain().unwrap().len().to_string(), size);
    }
    consumers.drain().await;
    // A dead letter is what it was, and says so.
    let (all, start) = (Filter::literal("dlq.>"), Start::All);
    let dead = connection.durable().snapshot("DLQ", &all, start).await?;
    let rang = <Rang as prost::Message>::decode(dead[0].plain().unwrap()).unwrap();
    assert_eq!((rang.number, rang.bell == moved.thing), (1, true));
    Ok(())
}

async fn what_is_too_long_for_a_stream_is_refused_and_nothing_breaks<
    F: Future<Output = Result<Connection>>,
>(
    connect: impl Fn(&str) -> F,
) -> Result<()> {
    let connection = connect("listener").await?;
    provision(connection.durable()).await?;
    let places = connection.store::<Moved>(&PLACES)?;
    let long = noise(2_000_000);
    let refused = [
        places.put("a", &Moved { thing: long.clone() }).await.unwrap_err(),
        connection.publish(&Rang { bell: long, number: 1 }).await.unwrap_err(),
    ];
    for status in refused {
        assert_eq!((status.code(), status.executed()), (Code::InvalidArgument, Executed::No));
        assert!(status.message().contains("1048576"), "{status}");
    }
    // This would fit, and be longer than who reads it allows.
    let shrinks = Moved { thing: noise(400_000) + &"x".repeat(9_000_000) };
    assert_eq!(places.put("a", &shrinks).await.unwrap_err().code(), Code::InvalidArgument);
    // What just fits can be read again, though some answers hold it in base 64.
    let moved = Moved { thing: noise(1_300_000) };
    places.put("a", &moved).await?;
    let (place, start) = (Filter::literal("$KV.places.a"), Start::LastPerSubject);
    let kept = connection.durable().snapshot("KV_places", &place, start).await?;
    assert!(kept[0].payload.len() > 900_000, "{}", kept[0].payload.len());
    assert_eq!(places.get("a").await?.unwrap().value, moved);
    assert_eq!(places.get_linearizable("a").await?.unwrap().value, moved);
    assert_eq!(places.entries().await?.len(), 1);
    Ok(())
}

async fn dead_letters(connection: &Connection) -> Result<usize> {
    let all = Filter::literal("dlq.>");
    Ok(connection.durable().snapshot("DLQ", &all, Start::All).await?.len())
}
