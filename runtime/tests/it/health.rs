//! What a program tells of its health over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bodybroker_runtime::config::Config;
use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::durable::{Bucket, Seen, Start};
use bodybroker_runtime::host::Host;
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::server::{Incoming, Service};
use bodybroker_runtime::spec::{BucketSpec, ServiceSpec, Storage, Versions};
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::testing::{Cluster, NatsServer};
use bodybroker_runtime::{Delivery, Result, Status};
use futures::StreamExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};

use crate::event::PLACES;
use crate::fixture::{ECHO, Echo, FAIL, HANG, LATER, Text, call_of, connect};
use crate::host::STREAMS;

/// Asks a port; the status and all that follows the status line.
pub(crate) async fn get(port: SocketAddr, path: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(port).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    let (line, rest) = text.split_once("\r\n").unwrap();
    (line.split(' ').nth(1).unwrap().parse().unwrap(), rest.to_owned())
}

/// Asks for readiness until the answer has a status and some words.
async fn until(port: SocketAddr, status: u16, words: &str) -> String {
    let asking = async {
        loop {
            let (now, text) = get(port, "/readyz").await;
            if now == status && text.contains(words) {
                return text;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking)
        .await
        .unwrap_or_else(|_| panic!("/readyz does not come to say {status} and `{words}`"))
}

/// Runs a service with its HTTP port.
struct Running {
    port: SocketAddr,
    stop: Arc<Notify>,
    host: tokio::task::JoinHandle<Result<()>>,
}

impl Running {
    async fn start<F, S>(url: &str, start: impl FnOnce(Connection) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<S>> + Send + 'static,
        S: bodybroker_runtime::IntoService,
    {
        let config = Config { http: Some(([127, 0, 0, 1], 0).into()), ..Config::at(url) };
        let (tell, port) = oneshot::channel();
        let stop = Arc::new(Notify::new());
        let stopping = Arc::clone(&stop);
        let host = Host::new(config)
            .service("echo", start)
            .on_listening(move |port| tell.send(port).unwrap())
            .run_until(async move { stopping.notified().await });
        let host = tokio::spawn(host);
        Self { port: port.await.unwrap(), stop, host }
    }

    async fn end(self) {
        self.stop.notify_one();
        self.host.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_process_lives_starts_is_ready_and_drains() {
    let server = NatsServer::start().await.unwrap();
    let go = Arc::new(Notify::new());
    let (going, slow) = (Arc::clone(&go), Arc::new(std::sync::OnceLock::new()));
    let made = Arc::clone(&slow);
    let running = Running::start(&server.url(), move |connection| async move {
        going.notified().await;
        let echo = Echo::new(&connection);
        made.set(echo.clone()).ok();
        Ok(echo)
    })
    .await;
    assert_eq!(get(running.port, "/livez").await.0, 200);
    assert_eq!(get(running.port, "/startupz").await.0, 503);
    until(running.port, 503, "\"why\": \"starting\"").await;
    go.notify_one();
    until(running.port, 200, "\"not_ready\": []").await;
    assert_eq!(get(running.port, "/startupz").await.0, 200);
    assert_eq!(get(running.port, "/elsewhere").await.0, 404);

    let client = connect(&server, "client").await;
    for _ in 0..2 {
        call_of(&client, ECHO, Text::default()).await.unwrap();
    }
    call_of(&client, FAIL, Text::default()).await.unwrap_err();
    let brief = Duration::from_millis(1);
    call_of(&client, LATER, Text::number(500)).timeout(brief).await.unwrap_err();
    let later = call_of(&client, LATER, Text::number(500));
    tokio::time::timeout(brief, later).await.unwrap_err();
    let hanging = tokio::spawn(call_of(&client, HANG, Text::default()));
    slow.get().unwrap().hung.started(1).await;
    let (_, metrics) = get(running.port, "/metrics").await;
    for line in [
        "bb_handlers_in_flight{service=\"echo\"} 1",
        "bb_ready 1",
        "# HELP bb_connections_total Connections made; all but the first of a role are reconnections.",
        "bb_handlers_seconds_count{method=\"svc.test.echo.v1.echo\",code=\"OK\"} 2",
        "bb_handlers_seconds_count{method=\"svc.test.echo.v1.fail\",code=\"ABORTED\"} 1",
        "bb_calls_seconds_count{method=\"svc.test.echo.v1.echo\",code=\"OK\"} 2",
        "bb_calls_seconds_count{method=\"svc.test.echo.v1.fail\",code=\"ABORTED\"} 1",
        "bb_calls_seconds_count{method=\"svc.test.echo.v1.later\",code=\"CANCELLED\"} 1",
        "bb_calls_seconds_count{method=\"svc.test.echo.v1.later\",code=\"UNKNOWN_OUTCOME\"} 1",
    ] {
        assert!(metrics.contains(line), "{line} is missing in {metrics}");
    }

    running.stop.notify_one();
    let text = until(running.port, 503, "\"why\": \"draining\"").await;
    assert!(text.contains("\"since\": \"20"), "{text}");
    assert_eq!(get(running.port, "/livez").await.0, 200);
    hanging.abort();
    running.host.await.unwrap().unwrap();
    assert!(TcpStream::connect(running.port).await.is_err(), "the port is closed");
}

#[tokio::test]
async fn who_has_lost_the_server_is_not_ready_until_it_is_back() {
    let mut server = NatsServer::start().await.unwrap();
    let start = |connection: Connection| async move { Ok(Echo::new(&connection)) };
    let running = Running::start(&server.url(), start).await;
    until(running.port, 200, "").await;
    server.kill();
    let text = until(running.port, 503, "no server is connected").await;
    assert!(text.contains("\"what\": \"echo: connection rx\""), "{text}");
    assert_eq!(get(running.port, "/livez").await.0, 200, "restarting it would mend nothing");
    server.restart().await.unwrap();
    until(running.port, 200, "").await;
    server.lame_duck();
    until(running.port, 503, "about to stop").await;
    running.end().await;
}

/// A service that owns a bucket.
struct Keeper(&'static ServiceSpec);

impl Service for Keeper {
    fn spec(&self) -> &'static ServiceSpec {
        self.0
    }

    fn call(&self, _: usize, call: Incoming) {
        call.unimplemented();
    }

    fn consume(
        &self,
        _: usize,
        delivery: Delivery,
    ) -> bodybroker_runtime::transport::BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

const fn keeper(buckets: &'static [&'static BucketSpec]) -> ServiceSpec {
    ServiceSpec {
        name: "test.v1.KeeperService",
        description: "Keeps",
        subject: "svc.keeper.v1",
        queue_group: "q.keeper",
        version: "1.0.0",
        schema_hash: "0",
        methods: &[],
        publishes: &[],
        consumes: &[],
        buckets,
        calls: &[],
    }
}

fn keep(spec: &'static ServiceSpec) -> impl Future<Output = Result<Arc<dyn Service>>> {
    std::future::ready(Ok(Arc::new(Keeper(spec)) as Arc<dyn Service>))
}

#[tokio::test]
async fn a_check_that_panics_has_failed_and_is_tried_again() {
    static SPEC: ServiceSpec = keeper(&[]);
    let server = NatsServer::start().await.unwrap();
    let rounds = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&rounds);
    let running = Running::start(&server.url(), move |connection: Connection| {
        let rounds = Arc::clone(&counted);
        connection.check("threads", move || {
            let round = rounds.fetch_add(1, Ordering::SeqCst);
            async move { if round < 2 { panic!("round {round}") } else { Ok(()) } }
        });
        keep(&SPEC)
    })
    .await;
    until(running.port, 503, "check threads").await;
    until(running.port, 200, "").await;
    assert!(rounds.load(Ordering::SeqCst) > 2);
    running.end().await;
}

#[tokio::test]
async fn a_check_that_is_well_hides_none_of_its_name() {
    static SPEC: ServiceSpec = keeper(&[]);
    let server = NatsServer::start().await.unwrap();
    let running = Running::start(&server.url(), |connection: Connection| {
        connection.check("disk", async || Err(Status::unavailable("it is full")));
        connection.check("disk", async || Ok(()));
        keep(&SPEC)
    })
    .await;
    until(running.port, 503, "it is full").await;
    // The second comes after the first in each round.
    for _ in 0..15 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (status, said) = get(running.port, "/readyz").await;
        assert_eq!(status, 503, "{said}");
    }
    running.end().await;
}

#[tokio::test]
async fn a_canary_is_no_key_and_no_event() {
    static SPEC: ServiceSpec = keeper(&[&PLACES]);
    let server = NatsServer::start().await.unwrap();
    let running = Running::start(&server.url(), |_| keep(&SPEC)).await;
    until(running.port, 503, "bucket places").await;
    let connection = Connection::connect(Options::new(server.url(), "test")).await.unwrap();
    let provisioner = Provisioner::new().buckets(&[&PLACES]).streams(STREAMS);
    provisioner.allow_fewer_replicas().apply(&connection).await.unwrap();
    until(running.port, 200, "").await;

    let bucket = Bucket::new(connection.durable().clone(), &PLACES);
    assert_eq!(bucket.keys().await.unwrap(), Vec::<String>::new());
    let mut watch = bucket.watch(None, Start::All).await.unwrap();
    let first = watch.next().await.unwrap().unwrap();
    assert_eq!(first, Seen::Current, "who watches isn't told of it");
    let revision = bucket.put("here", bytes::Bytes::new()).await.unwrap();
    assert!(revision > 1, "the canary has written before");
    let everything = Filter::literal("evt.>");
    let reading = connection.durable().read("EVENTS", &everything, Start::All).await.unwrap();
    let first = reading.messages.into_future().await.0.unwrap().unwrap();
    assert_eq!((first.sequence, &*first.subject), (1, "evt.thing.moved.v1.here"));
    running.end().await;
}

#[tokio::test]
async fn a_bucket_that_takes_no_writes_is_found_though_its_server_is_there() {
    static VALUES: BucketSpec = BucketSpec {
        name: "values",
        value: "test.v1.Moved",
        sealed: None,
        indexes: &[],
        history: 1,
        ttl: None,
        storage: Storage::File,
        replicas: 3,
        versions: Versions::FIRST,
    };
    static SPEC: ServiceSpec = keeper(&[&VALUES]);
    let mut cluster = Cluster::start(3).await.unwrap();
    let connection = Connection::connect(Options::new(cluster.url(), "test")).await.unwrap();
    Provisioner::new().buckets(&[&VALUES]).apply(&connection).await.unwrap();
    let leader = cluster.leader("KV_values").await.unwrap();
    let running = Running::start(&cluster.url_of(leader), |_| keep(&SPEC)).await;
    until(running.port, 200, "").await;
    let others: Vec<_> = (0..3).filter(|server| *server != leader).collect();
    for server in &others {
        cluster.pause(*server);
    }
    let text = until(running.port, 503, "bucket values").await;
    assert!(!text.contains("echo: connection"), "only the bucket is in trouble: {text}");
    for server in &others {
        cluster.resume(*server);
    }
    until(running.port, 200, "").await;
    running.end().await;
}
