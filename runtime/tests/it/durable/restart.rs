//! What a killed and restarted server must not break.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::durable::{Append, Durable, JetStream, Seen, Start, StreamConfig};
use bodybroker_runtime::testing::proxy::{Faults, Flow};
use bodybroker_runtime::testing::{NatsServer, Proxy};
use bodybroker_runtime::{Code, Result};
use futures::StreamExt;

use super::{bucket, dial, event, events, jetstream};

#[tokio::test]
async fn a_watch_sees_every_revision_across_restarts() -> Result<()> {
    let mut server = NatsServer::start().await?;
    let durable = jetstream(&server);
    let bucket = bucket(&durable).await?;
    let mut watch = bucket.watch(None, Start::LastPerSubject).await?;
    assert_eq!(watch.next().await.unwrap()?, Seen::Current);
    let writer = {
        let bucket = bucket.clone();
        tokio::spawn(async move {
            for number in 0..300_u32 {
                let key = format!("k{number}");
                bucket.put(&key, number.to_be_bytes().to_vec().into()).await?;
            }
            Ok::<_, bodybroker_runtime::Status>(())
        })
    };
    let mut last = 0;
    for number in 0..300_u32 {
        if number == 100 || number == 200 {
            server.kill();
            server.restart().await?;
        }
        let Seen::Record(record) = watch.next().await.unwrap()? else { panic!("a record") };
        assert_eq!(record.key, format!("k{number}"));
        assert!(record.revision > last);
        last = record.revision;
    }
    writer.await.unwrap()?;
    Ok(())
}

#[tokio::test]
async fn a_write_under_way_when_the_server_dies_happens_once() -> Result<()> {
    let mut server = NatsServer::start().await?;
    let durable = jetstream(&server);
    durable.provision(&events(Vec::new())).await?;
    durable.append(event("evt.warm", None)).await?;
    server.pause();
    let publishing = {
        let durable = Arc::clone(&durable);
        tokio::spawn(async move { durable.append(event("evt.a", Some("once"))).await })
    };
    server.restart().await?;
    publishing.await.unwrap()?;
    let again = durable.append(event("evt.a", Some("once"))).await?;
    assert!(again.duplicate);
    Ok(())
}

#[tokio::test]
async fn a_write_that_is_refused_because_of_itself_has_happened() -> Result<()> {
    let server = NatsServer::start().await?;
    let proxy = Proxy::to(([127, 0, 0, 1], server.port())).await?;
    let direct = jetstream(&server);
    let window = Duration::from_millis(100);
    direct.provision(&StreamConfig { duplicate_window: window, ..events(Vec::new()) }).await?;
    let durable: Arc<dyn Durable> = Arc::new(JetStream::new(dial(&proxy.url())));
    durable.append(event("evt.warm", None)).await?;
    // The write arrives, its answer doesn't, and then the server forgets its id.
    proxy.set(Faults { up: Flow::CLEAR, down: Flow::BLOCKED });
    let write = Append { expect: Some(0), ..event("evt.a", None) };
    let subject = write.subject.clone();
    let writing = {
        let durable = Arc::clone(&durable);
        tokio::spawn(async move { durable.append(write).await })
    };
    let stored = loop {
        if let Some(stored) = direct.last("EVENTS", &subject).await? {
            break stored;
        }
    };
    tokio::time::sleep(window * 5).await;
    proxy.cut();
    proxy.heal();
    let appended = writing.await.unwrap()?;
    assert_eq!(appended.sequence, stored.sequence);
    Ok(())
}

#[tokio::test]
async fn a_dead_server_is_unavailable_not_silent() -> Result<()> {
    let mut server = NatsServer::start().await?;
    let durable = jetstream(&server);
    let bucket = bucket(&durable).await?;
    bucket.put("a", "1".into()).await?;
    server.kill();
    let failed = tokio::time::timeout(Duration::from_secs(20), bucket.get("a")).await.unwrap();
    assert_eq!(failed.unwrap_err().code(), Code::Unavailable);
    Ok(())
}

#[tokio::test]
async fn a_stream_that_would_lose_messages_is_left_alone() -> Result<()> {
    let server = NatsServer::start().await?;
    let durable = jetstream(&server);
    let config = events(Vec::new());
    durable.provision(&config).await?;
    let shorter = StreamConfig { max_age: Some(Duration::from_mins(4)), ..config };
    let refused = durable.provision(&shorter).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("max age 300s -> 240s"), "{refused}");
    Ok(())
}
