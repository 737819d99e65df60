//! What an instance isn't well of, beside what it says itself.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::client::Call;
use bodybroker_runtime::config::Config;
use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::context::Context;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::host::Host;
use bodybroker_runtime::server::{Incoming, Service};
use bodybroker_runtime::spec::{Breaker, Idempotency, MethodSpec, Policy, ServiceSpec};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::BoxFuture;
use bodybroker_runtime::{Result, Status};
use futures::future::join_all;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};

use super::{AWAY, PATIENCE, said_by};
use crate::fixture::{Echo, Text, connect};

const BREAKER: Breaker = Breaker {
    window: Duration::from_secs(10),
    min_calls: 5,
    failure_percent: 50,
    slow_call: None,
    slow_percent: 0,
    open: Duration::from_secs(1),
    probes: 1,
};

const fn method(service: &'static str, subject: &'static str, policy: Policy) -> MethodSpec {
    MethodSpec {
        service,
        service_subject: subject,
        name: "Ask",
        subject,
        queue_group: "q.ask",
        timeout: Duration::from_secs(5),
        idempotency: Idempotency::None,
        max_in_flight: 256,
        policy,
        request: "test.echo.v1.Text",
        response: "test.echo.v1.Text",
        ..MethodSpec::EMPTY
    }
}

const fn service(name: &'static str, methods: &'static [MethodSpec]) -> ServiceSpec {
    ServiceSpec {
        name,
        description: "Is asked.",
        subject: methods[0].subject,
        queue_group: "q.ask",
        version: "1.0.0",
        schema_hash: "0123456789abcdef",
        methods,
        publishes: &[],
        consumes: &[],
        buckets: &[],
        calls: &[],
    }
}

const GUARDED: Policy = Policy { breaker: Some(BREAKER), ..Policy::NONE };
static CALLEE: ServiceSpec = service(
    "test.callee.v1.CalleeService",
    &[method("test.callee.v1.CalleeService", "svc.test.callee.v1.ask", GUARDED)],
);
static RELAY: ServiceSpec = service(
    "test.relay.v1.RelayService",
    &[method("test.relay.v1.RelayService", "svc.test.relay.v1.ask", Policy::NONE)],
);

/// Answers who asks, but for some.
#[derive(Clone, Default)]
struct Callee {
    refuses: Arc<Mutex<BTreeSet<&'static str>>>,
}

impl Service for Callee {
    fn spec(&self) -> &'static ServiceSpec {
        &CALLEE
    }

    fn call(&self, _: usize, call: Incoming) {
        let this = self.clone();
        call.unary(move |_: Context, request: Text| async move {
            if this.refuses.lock().unwrap().contains(request.text.as_str()) {
                return Err(Status::unavailable("not for you"));
            }
            Ok(request)
        });
    }

    fn consume(&self, _: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

/// Says its name, after it has asked the callee, whatever became of that.
struct Relay {
    name: &'static str,
    connection: Connection,
}

impl Service for Relay {
    fn spec(&self) -> &'static ServiceSpec {
        &RELAY
    }

    fn call(&self, _: usize, call: Incoming) {
        let (name, connection) = (self.name, self.connection.clone());
        call.unary(move |_: Context, _: Text| async move {
            let asking: Call<Text, Text> = connection.call(&CALLEE.methods[0], Text::new(name));
            let _ = asking.await;
            Ok(Text::new(name))
        });
    }

    fn consume(&self, _: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

/// A callee, and two instances of a service that calls it.
struct Stage {
    callee: Callee,
    client: Connection,
    stop: Arc<Notify>,
    hosts: Vec<tokio::task::JoinHandle<Result<()>>>,
    _serving: Connection,
    _server: NatsServer,
}

impl Stage {
    async fn start() -> Self {
        let server = NatsServer::start().await.unwrap();
        let (callee, serving) = (Callee::default(), connect(&server, "callee").await);
        let service: Arc<dyn Service> = Arc::new(callee.clone());
        serving.serve(service).await.unwrap();
        let stop = Arc::new(Notify::new());
        let mut hosts = Vec::new();
        for name in ["a", "b"] {
            let config = Config { eject: Some(AWAY), ..Config::at(server.url()) };
            let stopping = Arc::clone(&stop);
            let (tell, ready) = oneshot::channel();
            let host = Host::new(config)
                .service("relay", move |connection: Connection| async move {
                    let relay: Arc<dyn Service> = Arc::new(Relay { name, connection });
                    Ok(relay)
                })
                .on_ready(move || tell.send(()).unwrap())
                .run_until(async move { stopping.notified().await });
            hosts.push(tokio::spawn(host));
            ready.await.unwrap();
        }
        let client = connect(&server, "client").await;
        Self { callee, client, stop, hosts, _serving: serving, _server: server }
    }

    fn refuse(&self, names: &[&'static str]) {
        *self.callee.refuses.lock().unwrap() = names.iter().copied().collect();
    }

    async fn end(self) {
        self.stop.notify_waiters();
        for host in self.hosts {
            host.await.unwrap().unwrap();
        }
    }
}

/// Calls until those who answer are just these. No call may fail.
async fn until_answered_by(client: &Connection, spec: &'static ServiceSpec, names: &[&str]) {
    let calling = async {
        loop {
            let calls = (0..super::ANSWERS).map(|_| {
                let call: Call<Text, Text> = client.call(&spec.methods[0], Text::default());
                async { call.await.expect("no call fails").text }
            });
            let seen: BTreeSet<_> = join_all(calls).await.into_iter().collect();
            if seen.iter().map(String::as_str).eq(names.iter().copied()) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, calling).await;
    in_time.unwrap_or_else(|_| panic!("it is never {names:?} who answer"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_holds_calls_back_leaves_until_its_callee_answers_again() {
    let stage = Stage::start().await;
    until_answered_by(&stage.client, &RELAY, &["a", "b"]).await;
    stage.refuse(&["a"]);
    until_answered_by(&stage.client, &RELAY, &["b"]).await;
    stage.refuse(&[]);
    until_answered_by(&stage.client, &RELAY, &["a", "b"]).await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_hold_calls_back_one_stays() {
    let stage = Stage::start().await;
    let said = || said_by(&stage.client, "RelayService", 2);
    let left = async || said().await.iter().filter(|said| said.as_deref() == Some("left")).count();
    stage.refuse(&["a", "b"]);
    let calling = async || {
        let call: Call<Text, Text> = stage.client.call(&RELAY.methods[0], Text::default());
        call.await.expect("no call fails");
    };
    let one_left = async {
        while left().await == 0 {
            // Enough for a breaker to open, and to be probed.
            join_all((0..20).map(|_| calling())).await;
        }
    };
    tokio::time::timeout(PATIENCE, one_left).await.expect("one leaves");
    for _ in 0..40 {
        join_all((0..20).map(|_| calling())).await;
        assert!(left().await <= 1, "both have left");
    }
    stage.end().await;
}

/// A process of its own, as far as threads are concerned, with one thread.
struct Process(Option<Runtime>);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.take().unwrap().shutdown_background();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_thread_for_its_tasks_leaves() {
    // It must decide in time though it is late with everything.
    const AWAY: Duration = Duration::from_secs(10);
    const HELD: Duration = Duration::from_millis(450);
    let server = NatsServer::start().await.unwrap();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let process = Process(Some(runtime.unwrap()));
    let held = Arc::new(AtomicBool::new(false));
    for name in ["a", "b"] {
        let config = Config { eject: Some(AWAY), ..Config::at(server.url()) };
        let (tell, ready) = oneshot::channel();
        let host = Host::new(config)
            .service("echo", move |connection: Connection| async move {
                Ok(Echo { name, ..Echo::new(&connection) })
            })
            .on_ready(move || tell.send(()).unwrap())
            .run_until(std::future::pending());
        match name {
            "a" => drop(process.0.as_ref().unwrap().spawn(host)),
            _ => drop(tokio::spawn(host)),
        }
        ready.await.unwrap();
    }
    let client = connect(&server, "client").await;
    until_answered_by(&client, &crate::fixture::SPEC, &["a", "b"]).await;
    held.store(true, Ordering::SeqCst);
    process.0.as_ref().unwrap().spawn(async move {
        while held.load(Ordering::SeqCst) {
            std::thread::sleep(HELD);
            tokio::task::yield_now().await;
        }
    });
    until_answered_by(&client, &crate::fixture::SPEC, &["b"]).await;
}
