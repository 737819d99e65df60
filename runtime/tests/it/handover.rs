//! Connections leave a server that is about to stop before it does, and nobody notices.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bodybroker_runtime::Connection;
use bodybroker_runtime::server::Server;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::State;
use futures::future::join_all;

use crate::fixture::{ECHO, Echo, LATER, Text, call_of, connect, connect_by};

/// Two servers that are one cluster and tell clients of each other.
pub(crate) async fn pair() -> (NatsServer, NatsServer) {
    // A server wants a route before it believes that it is in a cluster.
    let first = server("n1", "nats://127.0.0.1:1").await;
    let second = server("n2", &route(&first)).await;
    // Each tells its clients of the other once they know each other.
    for server in [&first, &second] {
        in_time(async { while told(server).await < 2 {} }).await;
    }
    (first, second)
}

async fn server(name: &str, route: &str) -> NatsServer {
    let cluster = format!(
        "server_name: {name}\nlame_duck_duration: \"30s\"\nlame_duck_grace_period: \"5s\"\n\
         cluster {{ name: pair, listen: \"127.0.0.1:-1\", routes: [\"{route}\"] }}"
    );
    NatsServer::builder().config(&cluster).start().await.unwrap()
}

/// Where other servers connect, as the server itself has written it down.
fn route(server: &NatsServer) -> String {
    let files = std::fs::read_dir(server.folder()).unwrap().flatten();
    let ports =
        files.map(|file| file.path()).find(|path| path.extension() == Some("ports".as_ref()));
    let text = std::fs::read_to_string(ports.unwrap()).unwrap();
    let ports: BTreeMap<String, Vec<String>> = serde_json::from_str(&text).unwrap();
    ports["cluster"][0].clone()
}

/// How many servers a server tells its clients of.
async fn told(server: &NatsServer) -> usize {
    let client = async_nats::connect(server.url()).await.unwrap();
    client.server_info().connect_urls.len()
}

async fn in_time<T>(future: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(15);
    tokio::time::timeout(limit, future).await.expect("it happens long before")
}

/// Waits until all transports of connections are with their second server.
pub(crate) async fn moved(connections: &[&Connection]) {
    for connection in connections {
        for transport in connection.strands().iter().flat_map(|one| [one.tx(), one.rx()]) {
            let mut state = transport.state();
            in_time(state.wait_for(|state| *state == State::Connected(2))).await.unwrap();
        }
    }
}

/// Clients that call without a pause and without repetitions, for as long as something else takes; tells how many
/// calls they made. Every call is answered with its own number.
async fn calling(clients: &[&Connection], until: impl Future<Output = ()>) -> u64 {
    let (over, made) = (AtomicBool::new(false), AtomicU64::new(0));
    let callers = clients.iter().flat_map(|client| std::iter::repeat_n(*client, 4));
    let calls = join_all(callers.map(async |client| {
        while !over.load(Ordering::Relaxed) {
            let number = made.fetch_add(1, Ordering::Relaxed);
            let answer = call_of(client, ECHO, Text::number(number)).await.unwrap();
            assert_eq!(answer.number, number, "it is the answer to another call");
        }
    }));
    let until = async {
        until.await;
        over.store(true, Ordering::Relaxed);
    };
    tokio::join!(calls, until);
    made.into_inner()
}

async fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

/// Requests that instances were given.
fn received(instances: &[&Server], method: usize) -> u64 {
    instances.iter().map(|instance| instance.stats()[method].received).sum()
}

async fn instance(server: &NatsServer) -> (Connection, Server) {
    instance_by(1, server).await
}

async fn instance_by(pairs: usize, server: &NatsServer) -> (Connection, Server) {
    let connection = connect_by(pairs, &server.url(), "echo").await;
    let instance = connection.serve(Echo::new(&connection)).await.unwrap();
    (connection, instance)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_about_to_stop_is_left_without_a_gap() {
    leaves_without_a_gap(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_connections_leave_it_without_a_gap() {
    leaves_without_a_gap(3).await;
}

async fn leaves_without_a_gap(pairs: usize) {
    let (mut first, second) = pair().await;
    let (leaving, left) = instance_by(pairs, &first).await;
    let (_staying, stayed) = instance_by(pairs, &second).await;
    // Told of one server, they learn of the other.
    let client = connect_by(pairs, &first.url(), "client").await;
    let neighbour = connect(&second, "neighbour").await;
    let long = call_of(&client, LATER, Text::number(1500)).timeout(Duration::from_secs(10));
    let long = tokio::spawn(long);
    let made = calling(&[&client, &neighbour], async {
        in_time(until(|| received(&[&left, &stayed], LATER) == 1)).await;
        first.lame_duck();
        moved(&[&client, &leaving]).await;
    })
    .await;
    // It was answered where the caller had not been when it asked.
    assert_eq!(in_time(long).await.unwrap().unwrap().number, 1500);
    assert_eq!(received(&[&left, &stayed], ECHO), made);
    for (theirs, ours) in client.strands().iter().zip(leaving.strands()) {
        assert_eq!((theirs.tx().lost(), ours.rx().lost()), (0, 0));
    }
    // The server is gone, and nobody noticed.
    in_time(first.ended()).await;
    assert_eq!(*client.tx().state().borrow(), State::Connected(2));
    call_of(&client, ECHO, Text::default()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_end_and_begin_while_their_connection_moves() {
    let (first, second) = pair().await;
    let (moving, ended) = instance(&first).await;
    let (_staying, stayed) = instance(&second).await;
    let client = connect(&second, "client").await;
    let mut begun = None;
    let made = calling(&[&client], async {
        in_time(until(|| received(&[&ended], ECHO) > 0)).await;
        first.lame_duck();
        let mut state = moving.rx().state();
        in_time(state.wait_for(|state| *state == State::LameDuck)).await.unwrap();
        let serving = moving.serve(Echo::new(&moving));
        let ((), served) = tokio::join!(in_time(ended.drain()), in_time(serving));
        moved(&[&moving]).await;
        in_time(stayed.drain()).await;
        let served = served.unwrap();
        let so_far = received(&[&served], ECHO);
        in_time(until(|| received(&[&served], ECHO) > so_far)).await;
        begun = Some(served);
    })
    .await;
    assert_eq!(received(&[&ended, &stayed, &begun.unwrap()], ECHO), made);
    assert_eq!(moving.rx().lost(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_amid_a_handover_is_no_worse_than_one_that_dies() {
    // Before the next connection is there, beside it, and as it takes over.
    for millis in [0, 60, 150, 260] {
        let (mut first, _second) = pair().await;
        let (moving, moved) = instance(&first).await;
        let client = connect(&first, "client").await;
        call_of(&client, ECHO, Text::default()).await.unwrap();
        first.lame_duck();
        for transport in [client.tx(), moving.rx()] {
            let mut state = transport.state();
            in_time(state.wait_for(|state| *state != State::Connected(1))).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(millis)).await;
        first.kill();
        in_time(async {
            while call_of(&client, ECHO, Text::default()).await.is_err() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        in_time(moved.drain()).await;
        assert_eq!((client.tx().lost(), moving.rx().lost()), (0, 0), "after {millis} ms");
    }
}
