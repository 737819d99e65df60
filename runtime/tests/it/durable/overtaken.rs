//! A bucket whose writes are events, and a stream that doesn't take them over for a while.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bodybroker_runtime::durable::{
    Bucket, Destruction, Durable, Limits, Start, StreamConfig, TakenOver, Write,
};
use bodybroker_runtime::status::Executed;
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Code, Result, Status};
use futures::StreamExt;
use futures::future::join_all;
use tokio::time::timeout;

use super::{SPEC, events, jetstream, thing_changed};

/// A bucket that knows that its writes are events.
async fn bucket(durable: &Arc<dyn Durable>) -> Result<Bucket> {
    let destination = thing_changed().destination;
    let config = StreamConfig {
        limits: Limits { messages_per_subject: Some(64), ..Limits::default() },
        taken_over: Some(TakenOver { stream: "EVENTS".to_owned(), destination }),
        ..StreamConfig::of_bucket(&SPEC)
    };
    durable.provision(&config).await?;
    durable.provision(&events(vec![thing_changed()])).await?;
    let bucket = Bucket::new(Arc::clone(durable), &SPEC);
    bucket.write(expiring("first")).await?;
    Ok(bucket)
}

fn expiring(key: &str) -> Write {
    Write { expires_in: Some(Duration::from_mins(5)), ..Write::put(key, "expires".into()) }
}

#[tokio::test]
async fn no_write_is_overtaken_by_others_before_it_is_an_event() -> Result<()> {
    const WRITERS: usize = 100;
    let server = NatsServer::start().await?;
    let durable = jetstream(&server);
    let bucket = bucket(&durable).await?;
    let first = bucket.put("kept", "one".into()).await?;
    let removed = bucket.put("removed", "one".into()).await?;
    let step = vec![expiring("kept"), expiring("removed")];
    bucket.write_all(step.clone()).await?;

    durable.migrate(&events(Vec::new()), Destruction::Wanted).await?;
    let kept = bucket.put("kept", "two".into()).await?;
    let (alone, together, hot) = tokio::join!(
        bucket.write(expiring("kept")),
        bucket.write_all(step.clone()),
        join_all((0..WRITERS).map(|_| bucket.put("hot", "hot".into()))),
    );
    for refused in [alone.unwrap_err(), together.unwrap_err()] {
        assert_eq!((refused.code(), refused.executed()), (Code::Unavailable, Executed::No));
    }
    assert_eq!(bucket.get("kept").await?.unwrap().revision, kept);
    let (accepted, refused): (Vec<_>, Vec<_>) = hot.into_iter().partition(Result::is_ok);
    assert_eq!(accepted.len(), 8);
    for refused in refused {
        let refused = refused.unwrap_err();
        assert_eq!((refused.code(), refused.executed()), (Code::Unavailable, Executed::No));
    }

    durable.provision(&events(vec![thing_changed()])).await?;
    let mut expected: BTreeSet<_> = accepted.into_iter().collect::<Result<_>>()?;
    expected.extend([first, removed, kept]);
    expected.extend(bucket.write_all(step).await?);
    for _ in 0..WRITERS {
        expected.insert(bucket.put("hot", "hot".into()).await?);
    }
    let filter = Filter::literal("evt.thing.changed.v1.*");
    let mut events = durable.read("EVENTS", &filter, Start::All).await?.messages;
    while !expected.is_empty() {
        let event = timeout(Duration::from_secs(10), events.next()).await;
        let Ok(Some(event)) = event else { panic!("no events of {expected:?}") };
        let event = event?;
        let origin = event.headers.get("Nats-Stream-Source").unwrap();
        expected.remove(&origin.split(' ').nth(1).unwrap().parse().unwrap());
    }
    Ok(())
}

#[tokio::test]
#[ignore = "takes a minute"]
async fn what_was_an_event_long_ago_may_be_replaced() -> Result<()> {
    let server = NatsServer::start().await?;
    let durable = jetstream(&server);
    let bucket = bucket(&durable).await?;
    let brief = StreamConfig {
        max_age: Some(Duration::from_secs(1)),
        duplicate_window: Duration::from_secs(1),
        ..events(vec![thing_changed()])
    };
    durable.migrate(&brief, Destruction::Wanted).await?;
    bucket.put("old", "one".into()).await?;
    let event = Subject::literal("evt.thing.changed.v1.old");
    let is_there = async || Ok::<_, Status>(durable.last("EVENTS", &event).await?.is_some());
    while !is_there().await? {}
    while is_there().await? {}
    // Nobody can tell at first whether it is still to come.
    let began = Instant::now();
    while let Err(status) = bucket.write(expiring("old")).await {
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(began.elapsed() < Duration::from_mins(2), "{status}");
    }
    assert!(began.elapsed() > Duration::from_secs(50));
    Ok(())
}
