//! Answers that events end.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::durable::{Append, Limits, StreamConfig};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::spec::Storage;
use bodybroker_runtime::subject::SubjectBuilder;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Bus, Connection, Result};
use futures::TryStreamExt as _;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::super::fixture::{KEEP_IT_UNTIL, Script, Step};
use super::{ask, ms, say};
use crate::fixture::{Text, connect};

/// Makes the stream that stores the events.
pub(super) async fn provision(connection: &Connection) {
    let config = StreamConfig {
        name: "SCRIPT".to_owned(),
        subjects: vec!["evt.script.>".to_owned()],
        max_age: Some(Duration::from_mins(5)),
        storage: Storage::Memory,
        replicas: 1,
        duplicate_window: Duration::from_secs(10),
        limits: Limits::default(),
        sources: Vec::new(),
        bucket: false,
        batches: false,
        taken_over: None,
    };
    connection.durable().provision(&config).await.unwrap();
}

/// Says that a thing has changed.
pub(super) async fn change(connection: &Connection, thing: &str) {
    let append = Append {
        stream: "SCRIPT".to_owned(),
        subject: SubjectBuilder::new("evt.script.changed.v1").token(thing).build(),
        headers: Headers::new(),
        payload: bytes::Bytes::new(),
        expect: None,
        id: None,
    };
    connection.durable().append(append).await.unwrap();
}

/// Waits until what is said of a thing is this.
pub(super) async fn until(client: &Connection, thing: &str, expected: &str) {
    let seen = async {
        while say(client, KEEP_IT_UNTIL, thing).await != expected {
            tokio::time::sleep(ms(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), seen).await.expect("the event is heard");
}

/// A client that listens.
async fn listening() -> (Connection, Script, bodybroker_runtime::Server, Bus) {
    let bus = Bus::new();
    let connection = Connection::local(&bus, "script");
    let script = Script::new(&connection);
    let server = connection.serve(script.clone()).await.unwrap();
    provision(&connection).await;
    let client = Connection::local(&bus, "client");
    // The first call begins to listen.
    say(&client, KEEP_IT_UNTIL, "warm").await;
    tokio::time::sleep(ms(10)).await;
    (client, script, server, bus)
}

#[tokio::test(start_paused = true)]
async fn an_event_ends_the_answers_it_is_about_and_no_others() {
    let (client, script, _server, _bus) = listening().await;
    for thing in ["a", "b. *"] {
        assert_eq!(say(&client, KEEP_IT_UNTIL, thing).await, thing);
    }
    script.next([Step::Say("changed")]);
    change(script.connection(), "b. *").await;
    until(&client, "b. *", "changed").await;
    let before = script.seen().len();
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "a");
    assert_eq!(script.seen().len(), before);
}

/// A call that was made before an event and is answered once it gets a permit; who asks later is told `new`.
async fn overtaken(
    client: &Connection,
    script: &Script,
) -> (JoinHandle<Result<Text>>, Arc<Semaphore>) {
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits)), Step::Say("new")]);
    let old = tokio::spawn(ask(client, KEEP_IT_UNTIL, "a").into_future());
    tokio::time::sleep(ms(10)).await;
    change(script.connection(), "a").await;
    tokio::time::sleep(ms(10)).await;
    (old, permits)
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_under_way_at_the_event_is_not_given_to_those_who_come_later() {
    let (client, script, _server, _bus) = listening().await;
    let (old, permits) = overtaken(&client, &script).await;
    // It doesn't join the call that began before.
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "new");
    permits.add_permits(1);
    assert_eq!(old.await.unwrap().unwrap().text, "a");
    tokio::time::sleep(ms(10)).await;
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "new");
    assert_eq!(script.seen().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_under_way_at_the_event_is_not_kept_when_it_comes() {
    let (client, script, _server, _bus) = listening().await;
    let (old, permits) = overtaken(&client, &script).await;
    permits.add_permits(1);
    assert_eq!(old.await.unwrap().unwrap().text, "a");
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "new");
}

#[tokio::test(start_paused = true)]
async fn nothing_that_was_kept_outlives_a_lost_connection() {
    let (_, script, _server, bus) = listening().await;
    let (link, rx) = (bus.connect(), bus.connect());
    let durable = Arc::clone(script.connection().durable());
    let client = Connection::over(link.clone(), rx, durable, "client").unwrap();
    say(&client, KEEP_IT_UNTIL, "warm").await;
    tokio::time::sleep(ms(10)).await;
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "a");
    link.disconnect();
    tokio::time::sleep(ms(10)).await;
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "a", "it has its time still");
    link.reconnect();
    tokio::time::sleep(ms(10)).await;
    script.next([Step::Say("new")]);
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "new");
}

#[tokio::test]
async fn nor_does_it_outlive_the_reading_of_the_events_alone() {
    let server = NatsServer::start().await.unwrap();
    let [connection, client] = ["script", "client"].map(|name| connect(&server, name));
    let (connection, client) = (connection.await, client.await);
    let script = Script::new(&connection);
    let _server = connection.serve(script.clone()).await.unwrap();
    provision(&connection).await;
    say(&client, KEEP_IT_UNTIL, "warm").await;
    let foreign = async_nats::connect(server.url()).await.unwrap();
    let stream = async_nats::jetstream::new(foreign).get_stream("SCRIPT").await.unwrap();
    let readers = async || stream.consumer_names().try_collect::<Vec<_>>().await.unwrap();
    while readers().await.is_empty() {
        tokio::time::sleep(ms(1)).await;
    }
    // Which ends what was kept, too.
    tokio::time::sleep(ms(300)).await;
    say(&client, KEEP_IT_UNTIL, "a").await;
    script.next([Step::Say("new")]);
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "a");
    for reader in readers().await {
        stream.delete_consumer(&reader).await.unwrap();
    }
    until(&client, "a", "new").await;
}

#[tokio::test(start_paused = true)]
async fn answers_are_kept_by_time_alone_where_nobody_stores_the_event_yet() {
    let bus = Bus::new();
    let connection = Connection::local(&bus, "script");
    let script = Script::new(&connection);
    let _server = connection.serve(script.clone()).await.unwrap();
    let client = Connection::local(&bus, "client");
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "a");
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "a");
    assert_eq!(script.seen().len(), 1);
    provision(&connection).await;
    tokio::time::sleep(ms(2000)).await;
    script.next([Step::Say("new")]);
    assert_eq!(say(&client, KEEP_IT_UNTIL, "a").await, "new", "who begins to listen asks anew");
    change(&connection, "a").await;
    until(&client, "a", "a").await;
}
