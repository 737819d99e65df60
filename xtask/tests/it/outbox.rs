//! `outbox`.

use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::durable::{Append, Start, StreamConfig};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::spec::{BucketSpec, Storage, Versions};
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::testing::NatsServer;

use crate::support::{succeed, xtask};

static BELLS: BucketSpec = BucketSpec {
    name: "bells",
    value: "google.protobuf.Empty",
    sealed: None,
    indexes: &[],
    history: 1,
    ttl: None,
    storage: Storage::File,
    replicas: 1,
    versions: Versions::FIRST,
};

/// An event as a relay puts it aside.
fn refused() -> Append {
    let id = "0123456789abcdef0123456789abcdef";
    let mut headers = Headers::new();
    for (name, value) in [
        ("Bb-Outbox-Stream", "EVENTS"),
        ("Bb-Outbox-Subject", "evt.bell.rang.v1.a"),
        ("Bb-Outbox-Key", "a"),
        ("Bb-Outbox-Reason", "INVALID_ARGUMENT: much too long"),
    ] {
        headers.insert(name, value).expect("a header");
    }
    Append {
        stream: "KV_bells".to_owned(),
        subject: Subject::parse(&format!("$KV.bells._bb.refused.{id}")).expect("a subject"),
        headers,
        payload: Vec::new().into(),
        expect: None,
        id: Some(id.to_owned()),
    }
}

#[test]
fn refused_events_are_listed_and_put_back() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (server, connection) = runtime.block_on(async {
        let server = NatsServer::start().await.expect("a server");
        let connection = Connection::connect(Options::new(server.url(), "test")).await;
        let connection = connection.expect("a connection");
        let durable = connection.durable();
        durable.provision(&StreamConfig::of_bucket(&BELLS)).await.expect("a bucket");
        (server, connection)
    });
    let url = &*server.url();
    let none = succeed(xtask(&["outbox", "bells", "--url", url]));
    assert!(none.contains("no event of bells"), "{none}");
    runtime.block_on(connection.durable().append(refused())).expect("it is kept");
    let listed = succeed(xtask(&["outbox", "bells", "--url", url]));
    assert!(listed.contains("evt.bell.rang.v1.a") && listed.contains("too long"), "{listed}");
    let said = succeed(xtask(&["outbox", "bells", "--publish", "--url", url]));
    assert!(said.starts_with("1 event of bells"), "{said}");
    let none = succeed(xtask(&["outbox", "bells", "--url", url]));
    assert!(none.contains("no event of bells"), "{none}");
    // One who publishes has it again.
    let waiting = runtime.block_on(async {
        let filter = Filter::parse("$KV.bells._bb.outbox.*").expect("a filter");
        let found = connection.durable().snapshot("KV_bells", &filter, Start::All);
        found.await.expect("the bucket")
    });
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].headers.get("Bb-Outbox-Stream"), Some("EVENTS"));
}
