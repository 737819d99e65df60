//! Processes that have several pairs of connections to the server.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::config::Config;
use bodybroker_runtime::connection::{Connection, Options, Strand};
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::host::Host;
use bodybroker_runtime::subject::Subject;
use bodybroker_runtime::testing::{NatsServer, Proxy, set_clock_wrong};
use bodybroker_runtime::transport::{Flush, Message, Outgoing, Sink, State, Transport};
use bodybroker_runtime::{Code, Server};
use futures::future::join_all;
use tokio::sync::{Notify, oneshot};

use crate::fixture::{ECHO, Echo, HANG, LATER, Text, call_of, connect, connect_by};
use crate::health::get;

/// Pairs of connections of each process here.
const PAIRS: usize = 3;
/// Something that should happen doesn't.
const PATIENCE: Duration = Duration::from_secs(20);

async fn until(is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it is so long before");
}

/// An instance whose links can be cut.
struct Instance {
    proxy: Proxy,
    connection: Connection,
    echo: Echo,
    server: Server,
}

impl Instance {
    async fn start(nats: &NatsServer) -> Self {
        let proxy = Proxy::to(([127, 0, 0, 1], nats.port())).await.unwrap();
        let connection = connect_by(PAIRS, &proxy.url(), "echo").await;
        let echo = Echo::new(&connection);
        let server = connection.serve(echo.clone()).await.unwrap();
        Self { proxy, connection, echo, server }
    }
}

/// All connections of a process.
fn transports(connection: &Connection) -> Vec<Arc<dyn Transport>> {
    let both = |strand: &Strand| [strand.tx(), strand.rx()].map(Arc::clone);
    connection.strands().iter().flat_map(both).collect()
}

/// Connections that are up.
fn up(connection: &Connection) -> usize {
    transports(connection).iter().filter(|transport| transport.is_up()).count()
}

/// Calls at once, each answered with its own number.
async fn call_all(client: &Connection, count: u64) {
    let calls = (0..count).map(async |number| {
        let answer = call_of(client, ECHO, Text::number(number)).await.expect("no call fails");
        assert_eq!(answer.number, number);
    });
    join_all(calls).await;
}

/// Calls until calls are answered: what the server has sent into a link that is gone is lost, and it may not know yet.
async fn until_answered(client: &Connection) {
    let quick = || call_of(client, ECHO, Text::default()).timeout(Duration::from_millis(200));
    let answered = async || join_all((0..20).map(|_| quick())).await.iter().all(Result::is_ok);
    until(answered).await;
}

/// Has every connection of a process cut, one after the other, and calls made while it is gone and when it is back.
async fn lose_each(proxy: &Proxy, nats: &NatsServer, process: &Connection, client: &Connection) {
    for number in 0..2 * PAIRS {
        proxy.refuse();
        assert!(proxy.cut_one(number), "{number} is open");
        until(async || up(process) == 2 * PAIRS - 1).await;
        until_answered(client).await;
        for _ in 0..10 {
            call_all(client, 32).await;
        }
        proxy.set_target(([127, 0, 0, 1], nats.port()));
        until(async || up(process) == 2 * PAIRS).await;
    }
    let again = transports(process);
    let made = |transport: &Arc<dyn Transport>| *transport.state().borrow();
    assert!(again.iter().all(|transport| made(transport) == State::Connected(2)), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_are_spread_over_all_and_requests_come_over_all() {
    let nats = NatsServer::start().await.unwrap();
    let client = connect_by(PAIRS, &nats.url(), "client").await;
    let instance = Instance::start(&nats).await;
    let waiting = (0..30).map(|_| tokio::spawn(call_of(&client, LATER, Text::number(300))));
    let waiting: Vec<_> = waiting.collect();
    until(async || instance.server.in_flight() == 30).await;
    let spread: Vec<_> = client.strands().iter().map(|strand| strand.mux().in_flight()).collect();
    // Two threads that choose at the same moment may choose the same.
    assert!(spread.iter().all(|calls| (7..=13).contains(calls)), "{spread:?} in flight");
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    // Whatever connection is left of those that requests come over, they come.
    for kept in 0..PAIRS {
        let other = Instance::start(&nats).await;
        instance.server.leave().await;
        for (number, strand) in other.connection.strands().iter().enumerate() {
            if number != kept {
                strand.rx().close().await;
            }
        }
        until_answered(&client).await;
        let before = other.server.stats()[ECHO].received;
        call_all(&client, 30).await;
        assert_eq!(other.server.stats()[ECHO].received, before + 30);
        instance.server.join().await.unwrap();
        other.server.drain().await;
    }
    instance.server.drain().await;
    let lost: u64 = transports(&instance.connection).iter().map(|one| one.lost()).sum();
    assert_eq!(lost, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_loses_any_one_of_its_connections_goes_on() {
    let nats = NatsServer::start().await.unwrap();
    let instance = Instance::start(&nats).await;
    let client = connect(&nats, "client").await;
    lose_each(&instance.proxy, &nats, &instance.connection, &client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_loses_any_one_of_its_connections_goes_on() {
    let nats = NatsServer::start().await.unwrap();
    let _instance = Instance::start(&nats).await;
    let proxy = Proxy::to(([127, 0, 0, 1], nats.port())).await.unwrap();
    let client = connect_by(PAIRS, &proxy.url(), "client").await;
    lose_each(&proxy, &nats, &client, &client).await;
}

/// A caller some of whose connections have fallen silent. That isn't found out while the test runs.
async fn with_silent_ones(nats: &NatsServer, proxy: &Proxy) -> Connection {
    let urls = format!("{},{}", proxy.url(), nats.url());
    let minute = Duration::from_mins(1);
    let making = async {
        loop {
            proxy.heal();
            let options = Options::new(&urls, "client").connections(PAIRS).ping_interval(minute);
            let client = Connection::connect(options).await.unwrap();
            proxy.black_hole();
            let silent = join_all(client.strands().iter().map(async |strand| {
                let answered =
                    tokio::time::timeout(Duration::from_millis(500), strand.tx().flush());
                answered.await.is_err()
            }));
            if (1..PAIRS).contains(&silent.await.iter().filter(|silent| **silent).count()) {
                return client;
            }
        }
    };
    tokio::time::timeout(PATIENCE, making).await.expect("chance sends them both ways")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_swallows_everything_keeps_its_share_of_calls_and_gets_no_more() {
    let nats = NatsServer::start().await.unwrap();
    let _instance = Instance::start(&nats).await;
    let proxy = Proxy::to(([127, 0, 0, 1], nats.port())).await.unwrap();
    let client = with_silent_ones(&nats, &proxy).await;
    // Whoever is sent into the silence stays there. Taking turns, all of them would be soon.
    let answered = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..24)
        .map(|_| {
            let (client, answered) = (client.clone(), Arc::clone(&answered));
            tokio::spawn(async move {
                while call_of(&client, ECHO, Text::default()).timeout(PATIENCE * 3).await.is_ok() {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    until(async || answered.load(Ordering::Relaxed) > 2_000).await;
    callers.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancellations_find_their_handlers() {
    let nats = NatsServer::start().await.unwrap();
    let client = connect_by(PAIRS, &nats.url(), "client").await;
    let instance = Instance::start(&nats).await;
    let calls: Vec<_> = (0..60)
        .map(|_| tokio::spawn(call_of(&client, HANG, Text::default()).timeout(PATIENCE * 3)))
        .collect();
    instance.echo.hung.started(60).await;
    for call in calls {
        call.abort();
    }
    instance.echo.hung.dropped(60).await;
    until(async || instance.server.in_flight() == 0).await;
}

/// Collects who answers.
#[derive(Default)]
struct Answers(Mutex<Vec<String>>);

impl Sink for Answers {
    fn deliver(&self, message: Message) {
        let answer: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
        self.0.lock().unwrap().push(answer["id"].as_str().unwrap().to_owned());
    }
}

/// Who answers discovery, each time that they do.
async fn discovered(client: &Connection) -> Vec<String> {
    let answers = Arc::new(Answers::default());
    let inbox = client.mux().stream(Arc::clone(&answers) as Arc<dyn Sink>);
    let asked = client.tx().publish(&Outgoing {
        subject: &Subject::parse("$SRV.PING.EchoService").unwrap(),
        reply: Some(inbox.subject()),
        headers: &Headers::new(),
        body: &[0; 0],
        expires: None,
        flush: Flush::Now,
    });
    asked.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let mut ids = std::mem::take(&mut *answers.0.lock().unwrap());
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discovery_shows_one_instance_whichever_connection_is_left() {
    let nats = NatsServer::start().await.unwrap();
    let client = connect_by(PAIRS, &nats.url(), "client").await;
    let instances = [Instance::start(&nats).await, Instance::start(&nats).await];
    let mut ids = instances.each_ref().map(|instance| instance.server.id().to_owned());
    ids.sort();
    for _ in 0..5 {
        until(async || discovered(&client).await == ids).await;
    }
    for strand in &instances[0].connection.strands()[..PAIRS - 1] {
        strand.rx().close().await;
        for _ in 0..5 {
            until(async || discovered(&client).await == ids).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_wrong_by_an_hour_costs_one_call_a_connection() {
    let nats = NatsServer::start().await.unwrap();
    let client = connect_by(PAIRS, &nats.url(), "client").await;
    let instance = Instance::start(&nats).await;
    set_clock_wrong(&client, 3_600_000);
    for _ in 0..PAIRS {
        let told = call_of(&client, ECHO, Text::default()).await.unwrap_err();
        assert_eq!(told.code(), Code::Unavailable, "{told}");
    }
    call_all(&client, 60).await;
    assert_eq!(instance.server.stats()[ECHO].expired, PAIRS as u64);
}

#[tokio::test]
async fn a_process_is_ready_while_one_connection_of_each_kind_is_left() {
    let nats = NatsServer::start().await.unwrap();
    let proxy = Proxy::to(([127, 0, 0, 1], nats.port())).await.unwrap();
    let http = Some(([127, 0, 0, 1], 0).into());
    let config = Config { http, connections: PAIRS, ..Config::at(proxy.url()) };
    let ((tell, port), stop) = (oneshot::channel(), Arc::new(Notify::new()));
    let stopping = Arc::clone(&stop);
    let (made, connection) = oneshot::channel();
    let host = Host::new(config)
        .service("echo", move |connection: Connection| async move {
            made.send(connection.clone()).unwrap();
            Ok(Echo::new(&connection))
        })
        .on_listening(move |port| tell.send(port).unwrap())
        .run_until(async move { stopping.notified().await });
    let host = tokio::spawn(host);
    let (port, connection) = (port.await.unwrap(), connection.await.unwrap());
    let is_ready = async || get(port, "/readyz").await.0 == 200;
    until(is_ready).await;
    proxy.refuse();
    let mut roles = BTreeSet::new();
    for number in 0..2 * PAIRS {
        assert!(proxy.cut_one(number));
        until(async || up(&connection) == 2 * PAIRS - 1 - number).await;
        let strands = connection.strands().iter();
        let (tx, rx): (Vec<_>, Vec<_>) =
            strands.map(|strand| (strand.tx().is_up(), strand.rx().is_up())).unzip();
        for (role, up) in [("tx", tx), ("rx", rx)] {
            let up = up.iter().filter(|up| **up).count();
            let line = format!("bb_connections_up{{service=\"echo\",role=\"{role}\"}} {up}\n");
            let (_, metrics) = get(port, "/metrics").await;
            assert!(metrics.contains(&line), "{line} is missing in {metrics}");
            if up == 0 {
                roles.insert(role);
            }
        }
        until(async || is_ready().await == roles.is_empty()).await;
    }
    assert_eq!(roles.len(), 2);
    proxy.set_target(([127, 0, 0, 1], nats.port()));
    until(is_ready).await;
    stop.notify_one();
    host.await.unwrap().unwrap();
}

#[tokio::test]
async fn nobody_has_none_and_nobody_has_a_thousand() {
    for pairs in [0, 65, 1000] {
        let options = Options::new("nats://127.0.0.1:1", "client").connections(pairs);
        let status = Connection::connect(options).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
}
