//! Connections that break, come back, are encrypted, and may not do everything.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::durable::{Auth, Bucket, StreamConfig};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::nats::Nats;
use bodybroker_runtime::status::{Code, Executed};
use bodybroker_runtime::subject::Subject;
use bodybroker_runtime::testing::{NatsServer, Proxy};
use bodybroker_runtime::tls::Tls;
use bodybroker_runtime::transport::{Flush, Outgoing, State, Transport as _};
use futures::StreamExt as _;
use nkeys::KeyPair;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::event::PLACES;
use crate::fixture::{ECHO, Echo, HANG, READ, Text, call_of, connect, echo, settled};

mod credentials;

#[tokio::test]
async fn a_broken_connection_fails_its_calls_at_once() {
    let mut server = NatsServer::start().await.unwrap();
    let (client, echo, _instance) = echo(&server).await;
    let minute = Duration::from_mins(1);
    let hang = tokio::spawn(call_of(&client, HANG, Text::default()).timeout(minute));
    let read = tokio::spawn(call_of(&client, READ, Text::default()).timeout(minute));
    echo.hung.started(2).await;
    server.kill();
    let status = in_time(hang).await.unwrap().unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::UnknownOutcome, Executed::Unknown));
    let status = in_time(read).await.unwrap().unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::Unavailable, Executed::Unknown));
    // Nothing is queued for later, either.
    let status = call_of(&client, ECHO, Text::default()).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::Unavailable, Executed::No));
    assert_eq!(client.mux().in_flight(), 0);
}

#[tokio::test]
async fn a_connection_comes_back_with_its_subscriptions() {
    let mut server = NatsServer::start().await.unwrap();
    let (client, echo, _instance) = echo(&server).await;
    server.restart().await.unwrap();
    for transport in [client.tx(), client.rx(), echo.connection.tx(), echo.connection.rx()] {
        let mut state = transport.state();
        in_time(state.wait_for(|state| *state == State::Connected(2))).await.unwrap();
        transport.flush().await.unwrap();
    }
    assert_eq!(call_of(&client, ECHO, Text::new("again")).await.unwrap().text, "again");
}

#[tokio::test]
async fn a_connection_ends_with_its_last_clone() {
    let server = NatsServer::start().await.unwrap();
    let last = Nats::connect(Options::new(server.url(), "client"), "tx").await.unwrap();
    let first = last.clone();
    let (mut state, subject) = (last.state(), Subject::literal("news"));
    let observer = async_nats::connect(server.url()).await.unwrap();
    let mut news = observer.subscribe(subject.to_string()).await.unwrap();
    settled(&observer).await;
    drop(first);
    let (headers, body) = (&Headers::new(), &"what was published is written".as_bytes());
    let message = Outgoing {
        subject: &subject,
        reply: None,
        headers,
        body,
        expires: None,
        flush: Flush::Later,
    };
    last.publish(&message).unwrap();
    drop(last);
    in_time(news.next()).await.unwrap();
    in_time(state.wait_for(|state| *state == State::Closed)).await.unwrap();
}

#[tokio::test]
async fn a_server_that_falls_silent_is_noticed() {
    let server = NatsServer::start().await.unwrap();
    let (_, echo, _instance) = echo(&server).await;
    let options = Options::new(server.url(), "client").ping_interval(Duration::from_millis(100));
    let client = Connection::connect(options).await.unwrap();
    let minute = Duration::from_mins(1);
    let calling = tokio::spawn(call_of(&client, READ, Text::default()).timeout(minute));
    echo.hung.started(1).await;
    server.pause();
    let status = in_time(calling).await.unwrap().unwrap_err();
    server.resume();
    assert_eq!((status.code(), status.executed()), (Code::Unavailable, Executed::Unknown));
}

#[tokio::test]
async fn what_went_into_a_link_that_was_given_up_never_arrives() {
    let server = NatsServer::start().await.unwrap();
    let proxy = Proxy::to(([127, 0, 0, 1], server.port())).await.unwrap();
    let (_, echo, _instance) = echo(&server).await;
    let options = Options::new(proxy.url(), "client").ping_interval(Duration::from_millis(100));
    let client = Connection::connect(options).await.unwrap();
    let connections = proxy.open();
    proxy.black_hole();
    let minute = Duration::from_mins(1);
    let call = call_of(&client, HANG, Text::default()).timeout(minute);
    assert_eq!(in_time(call).await.unwrap_err().code(), Code::UnknownOutcome);
    proxy.heal();
    let mut state = client.tx().state();
    in_time(state.wait_for(|state| matches!(state, State::Connected(_)))).await.unwrap();
    // The link that was given up has said all that it will.
    while proxy.open() > connections {
        tokio::task::yield_now().await;
    }
    assert_eq!(call_of(&client, ECHO, Text::new("later")).await.unwrap().text, "later");
    assert_eq!(echo.hung.count(), 0);
}

#[tokio::test]
async fn lame_duck_is_a_state() {
    let server = NatsServer::builder()
        .config("lame_duck_duration: \"30s\"\nlame_duck_grace_period: \"10s\"")
        .start()
        .await
        .unwrap();
    let client = connect(&server, "client").await;
    let mut state = client.tx().state();
    server.lame_duck();
    in_time(state.wait_for(|state| *state == State::LameDuck)).await.unwrap();
}

#[tokio::test]
async fn a_forbidden_call_is_told_at_once() {
    let server = NatsServer::builder()
        .config(
            r#"authorization { users: [
                { user: echo, password: p, permissions: { publish: "_INBOX.client.>",
                    subscribe: ["svc.test.echo.v1.>", "$SRV.>", "_INBOX.echo.>"] } },
                { user: client, password: p, permissions: {
                    publish: { deny: "svc.test.echo.v1.hang" }, subscribe: "_INBOX.client.>" } },
            ] }"#,
        )
        .start()
        .await
        .unwrap();
    let login = |name: &str| {
        Options::new(server.url(), name).auth(Auth::User(name.to_owned(), "p".to_owned()))
    };
    let connection = Connection::connect(login("echo")).await.unwrap();
    let _instance = connection.serve(Echo::new(&connection)).await.unwrap();
    let client = Connection::connect(login("client")).await.unwrap();
    assert!(call_of(&client, ECHO, Text::default()).await.is_ok());
    let calling = call_of(&client, HANG, Text::default()).timeout(Duration::from_mins(1));
    let status = in_time(calling).await.unwrap_err();
    assert_eq!((status.code(), status.executed()), (Code::PermissionDenied, Executed::No));
    // And who may not listen can't serve.
    let status = client.serve(Echo::new(&client)).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status}");
}

#[tokio::test]
async fn wrong_credentials_are_no_unavailability() {
    let server =
        NatsServer::builder().config("authorization { token: right }").start().await.unwrap();
    let options =
        |token: &str| Options::new(server.url(), "client").auth(Auth::Token(token.to_owned()));
    let status = Connection::connect(options("wrong")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status}");
    assert!(Connection::connect(options("right")).await.is_ok());
}

#[tokio::test]
async fn an_nkey_signs_the_nonce() {
    let key = KeyPair::new_user();
    let server = NatsServer::builder()
        .config(&format!("authorization {{ users: [ {{ nkey: {} }} ] }}", key.public_key()))
        .start()
        .await
        .unwrap();
    let options =
        |key: &KeyPair| Options::new(server.url(), "client").auth(Auth::NKey(key.seed().unwrap()));
    stores(&Connection::connect(options(&key)).await.unwrap()).await;
    let status = Connection::connect(options(&KeyPair::new_user())).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "{status}");
}

#[tokio::test]
async fn a_credentials_file_opens_an_account() {
    let (config, file) = credentials::account();
    let server = NatsServer::builder().config(&config).start().await.unwrap();
    let options = Options::new(server.url(), "client").auth(Auth::Credentials(file));
    assert!(Connection::connect(options).await.is_ok());
}

#[tokio::test]
async fn calls_are_encrypted_where_the_server_wants_it() {
    let issued = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let server = NatsServer::builder()
        .file("cert.pem", issued.cert.pem())
        .file("key.pem", issued.signing_key.serialize_pem())
        .config(
            "tls { cert_file: \"$FOLDER/cert.pem\", key_file: \"$FOLDER/key.pem\", \
             ca_file: \"$FOLDER/cert.pem\", verify: true }",
        )
        .start()
        .await
        .unwrap();
    let file = |name| server.folder().join(name);
    let tls =
        Tls { ca: Some(file("cert.pem")), identity: Some((file("cert.pem"), file("key.pem"))) };
    let options = |service| Options::new(server.url(), service).tls(tls.clone());
    let connection = Connection::connect(options("echo")).await.unwrap();
    let _instance = connection.serve(Echo::new(&connection)).await.unwrap();
    let client = Connection::connect(options("client")).await.unwrap();
    let long = "x".repeat(300_000);
    assert_eq!(call_of(&client, ECHO, Text::new(&long)).await.unwrap().text, long);
    stores(&client).await;
    // Without our own certificate, or without trust in the server's, there is no connection.
    let bare = Tls { ca: tls.ca.clone(), identity: None };
    assert!(Connection::connect(Options::new(server.url(), "x").tls(bare)).await.is_err());
    assert!(Connection::connect(Options::new(server.url(), "x")).await.is_err());
}

/// Whoever is between a client and its server can add to what isn't encrypted yet.
#[tokio::test]
async fn words_before_tls_are_believed_by_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("tls://{}", listener.local_addr().unwrap());
    let between = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let words = b"INFO {\"headers\":true,\"tls_required\":true}\r\nPONG\r\n";
            stream.write_all(words).await.unwrap();
        }
    });
    let refused = in_time(Connection::connect(Options::new(url, "client"))).await.unwrap_err();
    assert!(refused.message().contains("words before TLS"), "{refused}");
    between.abort();
}

/// Streams and buckets have a connection of their own, which has to prove the same.
async fn stores(connection: &Connection) {
    let durable = connection.durable();
    durable.provision(&StreamConfig::of_bucket(&PLACES)).await.unwrap();
    let bucket = Bucket::new(Arc::clone(durable), &PLACES);
    let revision = bucket.put("here", "there".into()).await.unwrap();
    assert_eq!(bucket.get("here").await.unwrap().map(|record| record.revision), Some(revision));
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("it doesn't wait for a time-out")
}
