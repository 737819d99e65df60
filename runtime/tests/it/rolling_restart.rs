//! Instances come and go under load, and no call is lost; with the drains of the client library, some are.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::server::Incoming;
use bodybroker_runtime::spec::{Idempotency, Kind, MethodSpec, ServiceSpec};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::BoxFuture;
use futures::StreamExt as _;
use tokio::task::JoinSet;

use crate::fixture::settled;

/// Calls a second, sent in bursts of five.
const CALLS_PER_SECOND: u64 = 5_000;

static SPEC: ServiceSpec = ServiceSpec {
    name: "test.restart.v1.EffectService",
    description: "Has one effect a call.",
    subject: "svc.restart.v1",
    queue_group: "q.restart",
    version: "1.0.0",
    schema_hash: "0000000000000000",
    methods: &[MethodSpec {
        service: "test.restart.v1.EffectService",
        service_subject: "svc.restart.v1",
        name: "Apply",
        subject: "svc.restart.v1.apply",
        queue_group: "q.restart",
        kind: Kind::Unary,
        timeout: Duration::from_secs(10),
        idempotency: Idempotency::None,
        max_in_flight: 100_000,
        request: "test.restart.v1.Effect",
        response: "test.restart.v1.Effect",
        ..MethodSpec::EMPTY
    }],
    publishes: &[],
    consumes: &[],
    buckets: &[],
    calls: &[],
};

#[derive(Clone, PartialEq, prost::Message)]
struct Effect {
    #[prost(uint64, tag = "1")]
    id: u64,
}

/// How often each call took effect.
#[derive(Clone, Default)]
struct Effects(Arc<Mutex<HashMap<u64, u32>>>);

impl Effects {
    async fn apply(&self, id: u64) {
        tokio::time::sleep(Duration::from_micros(500)).await;
        *self.0.lock().expect("no panic under the lock").entry(id).or_default() += 1;
    }

    fn duplicated(&self) -> usize {
        self.0.lock().expect("no panic under the lock").values().filter(|count| **count > 1).count()
    }

    fn len(&self) -> usize {
        self.0.lock().expect("no panic under the lock").len()
    }
}

impl Service for Effects {
    fn spec(&self) -> &'static ServiceSpec {
        &SPEC
    }

    fn call(&self, _method: usize, call: Incoming) {
        let effects = self.clone();
        call.unary(move |_ctx, request: Effect| async move {
            effects.apply(request.id).await;
            Ok(request)
        });
    }

    fn consume(&self, _consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

/// An instance of one kind, started and drained over and over.
enum Instance {
    Ours(Connection, Server),
    Library(tokio::task::JoinHandle<()>, Arc<tokio::sync::Notify>),
}

/// Which drain is tried.
#[derive(Debug, Clone, Copy)]
enum Drain {
    Ours {
        /// Pairs of connections of each process.
        pairs: usize,
    },
    /// `Subscriber::drain`, then the handlers, then a flush.
    Subscriber,
    /// `Client::drain`, then the handlers.
    Client,
}

impl Drain {
    /// How long a call is waited for: long enough to tell a lost call from a starved one where none may be lost.
    fn patience(self) -> Duration {
        match self {
            Self::Ours { .. } => Duration::from_secs(10),
            Self::Subscriber | Self::Client => Duration::from_secs(1),
        }
    }
}

impl Instance {
    async fn start(url: &str, drain: Drain, effects: &Effects) -> Self {
        match drain {
            Drain::Ours { pairs } => {
                let connection = connect(url, "effect", pairs).await;
                let service: Arc<dyn Service> = Arc::new(effects.clone());
                let server = connection.serve(service).await.expect("the service is served");
                Self::Ours(connection, server)
            }
            Drain::Subscriber | Drain::Client => {
                let stop = Arc::new(tokio::sync::Notify::new());
                let client = async_nats::connect(url).await.expect("a connection");
                let method = &SPEC.methods[0];
                let requests = client
                    .queue_subscribe(method.subject, method.queue_group.to_owned())
                    .await
                    .expect("a subscription");
                settled(&client).await;
                let run = library(client, requests, drain, effects.clone(), Arc::clone(&stop));
                Self::Library(tokio::spawn(run), stop)
            }
        }
    }

    async fn stop(self) {
        match self {
            Self::Ours(connection, server) => {
                server.drain().await;
                for strand in connection.strands() {
                    assert_eq!(strand.rx().lost(), 0, "the loss detector reads zero");
                }
                connection.close().await;
            }
            Self::Library(mut running, stop) => {
                stop.notify_one();
                // What a drained client is asked to flush it may never answer.
                if tokio::time::timeout(Duration::from_secs(2), &mut running).await.is_err() {
                    running.abort();
                }
            }
        }
    }
}

async fn library(
    client: async_nats::Client,
    mut requests: async_nats::Subscriber,
    drain: Drain,
    effects: Effects,
    stop: Arc<tokio::sync::Notify>,
) {
    let mut handlers = JoinSet::new();
    let mut stopping = false;
    loop {
        let message = tokio::select! {
            message = requests.next() => message,
            () = stop.notified(), if !stopping => {
                stopping = true;
                match drain {
                    Drain::Client => drop(client.drain().await),
                    Drain::Ours { .. } | Drain::Subscriber => drop(requests.drain().await),
                }
                continue;
            }
        };
        let Some(message) = message else { break };
        let (client, effects) = (client.clone(), effects.clone());
        handlers.spawn(async move {
            let Ok(request) = <Effect as prost::Message>::decode(message.payload.clone()) else {
                return;
            };
            effects.apply(request.id).await;
            if let Some(reply) = message.reply {
                let _ = client.publish(reply, message.payload).await;
            }
        });
    }
    while handlers.join_next().await.is_some() {}
    let _ = client.flush().await;
}

/// What the callers saw.
struct Outcome {
    sent: u64,
    failed: u64,
    effects: Effects,
    drains: u32,
}

/// Keeps two instances up and drains a third over and over, under load, until `enough`.
async fn restart(drain: Drain, mut enough: impl FnMut(u32, u64) -> bool) -> Outcome {
    let server = NatsServer::start().await.unwrap();
    let url = server.url();
    let effects = Effects::default();
    let pairs = if let Drain::Ours { pairs } = drain { pairs } else { 1 };
    let permanent = [
        Instance::start(&url, Drain::Ours { pairs }, &effects).await,
        Instance::start(&url, Drain::Ours { pairs }, &effects).await,
    ];
    let failed = Arc::new(AtomicU64::new(0));
    let load =
        Load::start(connect(&url, "caller", pairs).await, drain.patience(), Arc::clone(&failed));
    let mut drains = 0;
    while !enough(drains, failed.load(SeqCst)) {
        let instance = Instance::start(&url, drain, &effects).await;
        let before = effects.len();
        // A third of what comes is this instance's: by now it's in the middle of its work.
        until(|| effects.len() > before + 150).await;
        instance.stop().await;
        drains += 1;
    }
    let sent = load.stop().await;
    for instance in permanent {
        instance.stop().await;
    }
    Outcome { sent, failed: failed.load(SeqCst), effects, drains }
}

/// An open loop of calls, without retries.
struct Load {
    stop: Arc<AtomicBool>,
    running: tokio::task::JoinHandle<u64>,
}

impl Load {
    fn start(connection: Connection, patience: Duration, failed: Arc<AtomicU64>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let running = tokio::spawn(async move {
            let mut tick = tokio::time::interval(Duration::from_millis(1));
            let mut calls = JoinSet::new();
            let mut id = 0;
            while !stopped.load(SeqCst) {
                tick.tick().await;
                for _ in 0..CALLS_PER_SECOND / 1_000 {
                    id += 1;
                    let call = connection.call::<Effect, Effect>(&SPEC.methods[0], Effect { id });
                    let failed = Arc::clone(&failed);
                    calls.spawn(async move {
                        match call.timeout(patience).await {
                            Ok(answer) => assert_eq!(answer.id, id, "the answer is this call's"),
                            Err(_) => drop(failed.fetch_add(1, SeqCst)),
                        }
                    });
                }
                while calls.try_join_next().is_some() {}
            }
            while let Some(ended) = calls.join_next().await {
                ended.expect("no call panics");
            }
            connection.close().await;
            id
        });
        Self { stop, running }
    }

    async fn stop(self) -> u64 {
        self.stop.store(true, SeqCst);
        self.running.await.expect("the load doesn't panic")
    }
}

async fn connect(url: &str, name: &str, pairs: usize) -> Connection {
    Connection::connect(Options::new(url, name).connections(pairs)).await.expect("a connection")
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Drains again and again, and nothing is lost or repeated.
async fn loses_nothing(pairs: usize, drains_wanted: u32) {
    let enough = |drains, failed| drains == drains_wanted || failed > 0;
    let outcome = restart(Drain::Ours { pairs }, enough).await;
    assert_eq!(outcome.failed, 0, "of {} calls, at drain {}", outcome.sent, outcome.drains);
    assert_eq!(outcome.drains, drains_wanted);
    assert_eq!(outcome.effects.duplicated(), 0);
    assert_eq!(outcome.effects.len() as u64, outcome.sent, "every call took effect once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn req_004_a_rolling_restart_fails_no_call_and_repeats_no_effect() {
    loses_nothing(1, 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_it_where_processes_have_several_connections() {
    loses_nothing(3, 60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_the_librarys_subscriber_loses_calls() {
    let outcome = restart(Drain::Subscriber, |drains, failed| failed > 0 || drains == 400).await;
    assert!(outcome.failed > 0, "{} calls, {} drains", outcome.sent, outcome.drains);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn draining_the_librarys_client_loses_calls() {
    let outcome = restart(Drain::Client, |drains, failed| failed > 0 || drains == 400).await;
    assert!(outcome.failed > 0, "{} calls, {} drains", outcome.sent, outcome.drains);
}
