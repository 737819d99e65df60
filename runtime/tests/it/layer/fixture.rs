//! A service that does what a script says, and remembers how it was called.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::spec::{
    Breaker, BucketSpec, Cache, Hedge, Idempotency, Invalidation, KeyPart, Kind, MethodSpec,
    Policy, Replay, Retry, Scalar, ServiceSpec, Storage, Versions,
};
use bodybroker_runtime::{
    BoxFuture, Bus, Call, Connection, Context, Delivery, Incoming, IntoService, Result, Server,
    Service, Status,
};

use tokio::sync::Semaphore;

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

/// For a second, and three more while the next is fetched.
const KEEP: Cache = Cache {
    schema: "0123456789abcdef",
    key: &[KeyPart::Literal("thing:"), KeyPart::Field { number: 1, scalar: Scalar::Text }],
    local_ttl: Duration::from_secs(1),
    shared_ttl: None,
    negative_ttl: Some(Duration::from_millis(500)),
    stale_ttl: Some(Duration::from_secs(3)),
    invalidated_by: &[],
};

/// For long, unless an event says otherwise.
const KEEP_UNTIL: Cache = Cache {
    local_ttl: Duration::from_mins(1),
    shared_ttl: Some(Duration::from_secs(5)),
    negative_ttl: None,
    stale_ttl: None,
    invalidated_by: &[Invalidation {
        filter: "evt.script.changed.v1.*",
        stream: "SCRIPT",
        tokens: &[4],
    }],
    ..KEEP
};

const fn keeping(name: &'static str, subject: &'static str, cache: Cache) -> MethodSpec {
    let policy = Policy { cache: Some(cache), ..Policy::NONE };
    method(name, subject, Idempotency::NoSideEffects, policy, None)
}

const fn method(
    name: &'static str,
    subject: &'static str,
    idempotency: Idempotency,
    policy: Policy,
    replay: Option<Replay>,
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
        policy,
        replay,
        request: "test.script.v1.Text",
        response: "test.script.v1.Text",
        ..MethodSpec::EMPTY
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
        method("Read", "svc.test.script.v1.read", Idempotency::NoSideEffects, RETRIED, None),
        method("Write", "svc.test.script.v1.write", Idempotency::None, RETRIED, None),
        method("Pay", "svc.test.script.v1.pay", Idempotency::Keyed, RETRIED, None),
        method("Look", "svc.test.script.v1.look", Idempotency::NoSideEffects, HEDGED, None),
        method(
            "Guarded",
            "svc.test.script.v1.guarded",
            Idempotency::None,
            Policy { breaker: Some(BREAKER), ..Policy::NONE },
            None,
        ),
        method("Plain", "svc.test.script.v1.plain", Idempotency::None, Policy::NONE, None),
        method(
            "Wait",
            "svc.test.script.v1.wait",
            Idempotency::NoSideEffects,
            Policy { retry: Some(PATIENT), ..Policy::NONE },
            None,
        ),
        method("Relay", "svc.test.script.v1.relay", Idempotency::NoSideEffects, RETRIED, None),
        method(
            "Brief",
            "svc.test.script.v1.brief",
            Idempotency::Keyed,
            Policy::NONE,
            Some(Replay { bucket: &ANSWERS, ttl: Duration::from_millis(50) }),
        ),
        method(
            "Order",
            "svc.test.script.v1.order",
            Idempotency::Keyed,
            Policy::NONE,
            Some(Replay { bucket: &ANSWERS, ttl: Duration::from_mins(1) }),
        ),
        keeping("Keep", "svc.test.script.v1.keep", KEEP),
        keeping("KeepUntil", "svc.test.script.v1.keep-until", KEEP_UNTIL),
        keeping("Share", "svc.test.script.v1.share", Cache { invalidated_by: &[], ..KEEP_UNTIL }),
        keeping(
            "KeepBriefly",
            "svc.test.script.v1.keep-briefly",
            Cache { shared_ttl: Some(Duration::from_millis(300)), ..KEEP_UNTIL },
        ),
    ],
    publishes: &[],
    consumes: &[],
    buckets: &[&ANSWERS],
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

/// Has one effect a key.
pub(super) const ORDER: usize = 9;
/// The same, for a moment.
pub(super) const BRIEF: usize = 8;

/// Is kept for a while.
pub(super) const KEEP_IT: usize = 10;
/// Is kept until an event.
pub(super) const KEEP_IT_UNTIL: usize = 11;
/// Is kept and shared.
pub(super) const SHARE: usize = 12;
/// Is kept until an event, and shared so briefly that what is shared is soon trusted.
pub(super) const KEEP_BRIEFLY: usize = 13;

static ANSWERS: BucketSpec = BucketSpec {
    name: "script-answers",
    value: "runtime.v1.KeptAnswer",
    sealed: None,
    indexes: &[],
    history: 1,
    ttl: Some(Duration::from_mins(1)),
    storage: Storage::Memory,
    replicas: 1,
    versions: Versions::FIRST,
};

/// What happens to one call.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Answer,
    Say(&'static str),
    Fail(Status),
    Hang,
    /// Waits for a permit, and answers.
    Wait(Arc<Semaphore>),
    Panic,
}

/// Who calls, as a layer has found out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Player(pub(super) String);

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
    players: Mutex<Vec<String>>,
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

    /// Lets the next calls be answered after all.
    pub(super) fn forget(&self) {
        self.state.steps.lock().unwrap().clear();
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What a layer has left for the handlers, call by call.
    pub(super) fn players(&self) -> Vec<String> {
        self.state.players.lock().unwrap().clone()
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
        if let Some(Player(player)) = context.get() {
            self.state.players.lock().unwrap().push(player);
        }
        if context.method().unwrap().name == "Relay" {
            return call(&self.connection, READ).await;
        }
        let step = self.state.steps.lock().unwrap().pop_front().unwrap_or(Step::Answer);
        match step {
            Step::Answer => Ok(request),
            Step::Say(text) => Ok(Text::new(text)),
            Step::Fail(status) => Err(status),
            Step::Wait(permits) => {
                permits.acquire().await.unwrap().forget();
                Ok(request)
            }
            Step::Panic => panic!("the script says so"),
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

/// Two instances of the service and a client, on a bus of their own.
pub(super) async fn two_scripts() -> (Connection, Script, (Server, Server)) {
    let bus = Bus::new();
    let (one, other) = (Connection::local(&bus, "script"), Connection::local(&bus, "script"));
    let script = Script::new(&one);
    let servers =
        (one.serve(script.clone()).await.unwrap(), other.serve(script.clone()).await.unwrap());
    (Connection::local(&bus, "client"), script, servers)
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

/// Prepares a call for one effect.
pub(super) fn order(connection: &Connection, key: &str, what: &str) -> Call<Text, Text> {
    connection.call(&SPEC.methods[ORDER], Text::new(what)).idempotency_key(key)
}

/// A failure of the server's own.
pub(super) fn down() -> Step {
    Step::Fail(Status::unavailable("down"))
}
