//! A service that does what a script says, and remembers how it was called.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::spec::{
    Breaker, Hedge, Idempotency, Kind, MethodSpec, Policy, Retry, ServiceSpec,
};
use bodybroker_runtime::{
    BoxFuture, Bus, Call, Connection, Context, Delivery, Incoming, IntoService, Result, Server,
    Service, Status,
};

use crate::fixture::Text;

pub(super) const RETRY: Retry = Retry {
    max_attempts: 3,
    initial_backoff: Duration::from_millis(10),
    max_backoff: Duration::from_secs(1),
    attempt_timeout: Some(Duration::from_millis(200)),
};

const PATIENT: Retry =
    Retry { max_attempts: 100, initial_backoff: Duration::from_millis(100), ..RETRY };

pub(super) const BREAKER: Breaker = Breaker {
    window: Duration::from_secs(10),
    min_calls: 5,
    failure_percent: 50,
    slow_call: None,
    slow_percent: 0,
    open: Duration::from_secs(2),
    probes: 1,
};

const fn method(
    name: &'static str,
    subject: &'static str,
    idempotency: Idempotency,
    policy: Policy,
) -> MethodSpec {
    MethodSpec {
        service: "test.script.v1.ScriptService",
        service_subject: "svc.test.script.v1",
        name,
        subject,
        queue_group: "q.script",
        kind: Kind::Unary,
        timeout: Duration::from_secs(1),
        idempotency,
        max_in_flight: 8,
        credit: 64,
        idle_timeout: Duration::from_secs(30),
        policy,
        request: "test.script.v1.Text",
        response: "test.script.v1.Text",
    }
}

const RETRIED: Policy = Policy { retry: Some(RETRY), ..Policy::NONE };

const HEDGED: Policy = Policy {
    hedge: Some(Hedge { delay: Duration::from_millis(20), max_attempts: 2 }),
    ..Policy::NONE
};

pub(super) static SPEC: ServiceSpec = ServiceSpec {
    name: "test.script.v1.ScriptService",
    description: "Does what a script says.",
    subject: "svc.test.script.v1",
    queue_group: "q.script",
    version: "1.0.0",
    schema_hash: "0123456789abcdef",
    methods: &[
        method("Read", "svc.test.script.v1.read", Idempotency::NoSideEffects, RETRIED),
        method("Write", "svc.test.script.v1.write", Idempotency::None, RETRIED),
        method("Pay", "svc.test.script.v1.pay", Idempotency::Keyed, RETRIED),
        method("Look", "svc.test.script.v1.look", Idempotency::NoSideEffects, HEDGED),
        method(
            "Guarded",
            "svc.test.script.v1.guarded",
            Idempotency::None,
            Policy { breaker: Some(BREAKER), ..Policy::NONE },
        ),
        method("Plain", "svc.test.script.v1.plain", Idempotency::None, Policy::NONE),
        method(
            "Wait",
            "svc.test.script.v1.wait",
            Idempotency::NoSideEffects,
            Policy { retry: Some(PATIENT), ..Policy::NONE },
        ),
        method("Relay", "svc.test.script.v1.relay", Idempotency::NoSideEffects, RETRIED),
    ],
    consumes: &[],
    buckets: &[],
    calls: &[],
};

pub(super) const READ: usize = 0;
pub(super) const WRITE: usize = 1;
pub(super) const PAY: usize = 2;
pub(super) const LOOK: usize = 3;
pub(super) const GUARDED: usize = 4;
pub(super) const PLAIN: usize = 5;
/// Reads, and is repeated often.
pub(super) const WAIT: usize = 6;
/// Reads once, and fails as that does.
pub(super) const RELAY: usize = 7;

/// What happens to one call.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Answer,
    Fail(Status),
    Hang,
}

/// How a call came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) method: &'static str,
    pub(super) attempt: u32,
    pub(super) key: Option<String>,
    pub(super) note: Option<String>,
}

/// The service. Clones are one.
#[derive(Debug, Clone)]
pub(super) struct Script {
    connection: Connection,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    steps: Mutex<VecDeque<Step>>,
    seen: Mutex<Vec<Seen>>,
    /// Handlers that were dropped before they ended.
    dropped: Mutex<u32>,
}

struct Hanging(Arc<State>);

impl Drop for Hanging {
    fn drop(&mut self) {
        *self.0.dropped.lock().unwrap() += 1;
    }
}

impl Script {
    pub(super) fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone(), state: Arc::default() }
    }

    /// Says what happens to the next calls; those after are answered.
    pub(super) fn next(&self, steps: impl IntoIterator<Item = Step>) {
        self.state.steps.lock().unwrap().extend(steps);
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    pub(super) fn attempts(&self) -> Vec<u32> {
        self.seen().iter().map(|seen| seen.attempt).collect()
    }

    pub(super) fn dropped(&self) -> u32 {
        *self.state.dropped.lock().unwrap()
    }

    async fn run(self, context: Context, request: Text) -> Result<Text> {
        self.state.seen.lock().unwrap().push(Seen {
            method: context.method().unwrap().name,
            attempt: context.attempt(),
            key: context.idempotency_key().map(str::to_owned),
            note: context.headers().get("Test-Note").map(str::to_owned),
        });
        if context.method().unwrap().name == "Relay" {
            return call(&self.connection, READ).await;
        }
        let step = self.state.steps.lock().unwrap().pop_front().unwrap_or(Step::Answer);
        match step {
            Step::Answer => Ok(request),
            Step::Fail(status) => Err(status),
            Step::Hang => {
                let _hanging = Hanging(Arc::clone(&self.state));
                std::future::pending().await
            }
        }
    }
}

impl Service for Script {
    fn spec(&self) -> &'static ServiceSpec {
        &SPEC
    }

    fn call(&self, _method: usize, call: Incoming) {
        let this = self.clone();
        call.unary(move |context, request| this.run(context, request));
    }

    fn consume(&self, _consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

impl IntoService for Script {
    fn into_service(self) -> Arc<dyn Service> {
        Arc::new(self)
    }
}

/// A service on a bus of its own, and a client.
pub(super) async fn script() -> (Connection, Script, Server) {
    let bus = Bus::new();
    let connection = Connection::local(&bus, "script");
    let script = Script::new(&connection);
    let server = connection.serve(script.clone()).await.unwrap();
    (Connection::local(&bus, "client"), script, server)
}

/// Prepares a call.
pub(super) fn call(connection: &Connection, method: usize) -> Call<Text, Text> {
    connection.call(&SPEC.methods[method], Text::new("hello"))
}

/// A failure of the server's own.
pub(super) fn down() -> Step {
    Step::Fail(Status::unavailable("down"))
}
