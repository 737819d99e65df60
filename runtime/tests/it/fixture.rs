//! A small service, written by hand as generated code would be, for tests of the core.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bodybroker_runtime::client::Call;
use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::context::Context;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::server::{Incoming, IntoService, Service};
use bodybroker_runtime::spec::{Idempotency, Kind, MethodSpec, ServiceSpec};
use bodybroker_runtime::status::{Result, Status};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::BoxFuture;
use futures::StreamExt as _;
use tokio::sync::Notify;

/// Completes when the server has done what a client asked of it so far, which its own `flush` only writes.
pub(crate) async fn settled(client: &async_nats::Client) {
    let inbox = client.new_inbox();
    let mut echo = client.subscribe(inbox.clone()).await.unwrap();
    client.publish(inbox, "".into()).await.unwrap();
    echo.next().await.unwrap();
}

/// What every method takes and returns.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Text {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
    #[prost(uint64, tag = "2")]
    pub(crate) number: u64,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), number: 0 }
    }

    pub(crate) fn number(number: u64) -> Self {
        Self { text: String::new(), number }
    }
}

const fn method(name: &'static str, subject: &'static str, idempotency: Idempotency) -> MethodSpec {
    MethodSpec {
        service: "test.echo.v1.EchoService",
        service_subject: "svc.test.echo.v1",
        name,
        subject,
        queue_group: "q.echo",
        kind: Kind::Unary,
        timeout: Duration::from_secs(5),
        idempotency,
        max_in_flight: 64,
        request: "test.echo.v1.Text",
        response: "test.echo.v1.Text",
        ..MethodSpec::EMPTY
    }
}

pub(crate) static SPEC: ServiceSpec = ServiceSpec {
    name: "test.echo.v1.EchoService",
    description: "Answers what it hears.",
    subject: "svc.test.echo.v1",
    queue_group: "q.echo",
    version: "1.0.0",
    schema_hash: "0123456789abcdef",
    methods: &[
        method("Echo", "svc.test.echo.v1.echo", Idempotency::NoSideEffects),
        method("Hang", "svc.test.echo.v1.hang", Idempotency::None),
        method("Panic", "svc.test.echo.v1.panic", Idempotency::None),
        method("Fail", "svc.test.echo.v1.fail", Idempotency::None),
        method("Big", "svc.test.echo.v1.big", Idempotency::None),
        method("Remaining", "svc.test.echo.v1.remaining", Idempotency::None),
        method("Nested", "svc.test.echo.v1.nested", Idempotency::None),
        method("Read", "svc.test.echo.v1.read", Idempotency::NoSideEffects),
        method("Later", "svc.test.echo.v1.later", Idempotency::None),
    ],
    publishes: &[],
    consumes: &[],
    buckets: &[],
    calls: &[],
};

pub(crate) const ECHO: usize = 0;
pub(crate) const HANG: usize = 1;
pub(crate) const PANIC: usize = 2;
pub(crate) const FAIL: usize = 3;
pub(crate) const BIG: usize = 4;
pub(crate) const REMAINING: usize = 5;
pub(crate) const NESTED: usize = 6;
/// Hangs, but reads only.
pub(crate) const READ: usize = 7;
/// Answers after some milliseconds.
pub(crate) const LATER: usize = 8;

/// Counts what happens to handlers that hang.
#[derive(Debug, Default)]
pub(crate) struct Hung {
    started: AtomicUsize,
    dropped: AtomicUsize,
    changed: Notify,
}

impl Hung {
    /// Handlers that have started.
    pub(crate) fn count(&self) -> usize {
        self.started.load(Ordering::SeqCst)
    }

    pub(crate) async fn started(&self, count: usize) {
        self.until(|| self.started.load(Ordering::SeqCst) >= count).await;
    }

    pub(crate) async fn dropped(&self, count: usize) {
        self.until(|| self.dropped.load(Ordering::SeqCst) >= count).await;
    }

    async fn until(&self, done: impl Fn() -> bool) {
        let waiting = async {
            loop {
                let woken = self.changed.notified();
                tokio::pin!(woken);
                woken.as_mut().enable();
                if done() {
                    return;
                }
                woken.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("it happens in time");
    }
}

struct Hanging(Arc<Hung>);

impl Drop for Hanging {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::SeqCst);
        self.0.changed.notify_waiters();
    }
}

/// Holds threads until it is open.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
    held: AtomicUsize,
}

impl Gate {
    pub(crate) fn pass(&self) {
        let shut = |open: &mut bool| !*open;
        self.held.fetch_add(1, Ordering::Relaxed);
        drop(self.changed.wait_while(self.open.lock().unwrap(), shut).unwrap());
        self.held.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }

    /// Waits until it holds so many threads.
    pub(crate) async fn held(&self, threads: usize) {
        let held = async {
            while self.held.load(Ordering::Relaxed) < threads {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), held).await.expect("the threads are held");
    }
}

/// The service.
#[derive(Clone)]
pub(crate) struct Echo {
    pub(crate) connection: Connection,
    pub(crate) hung: Arc<Hung>,
    pub(crate) name: &'static str,
}

impl Echo {
    pub(crate) fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone(), hung: Arc::default(), name: "" }
    }

    async fn hang(self) -> Result<Text> {
        let _hanging = Hanging(Arc::clone(&self.hung));
        self.hung.started.fetch_add(1, Ordering::SeqCst);
        self.hung.changed.notify_waiters();
        std::future::pending().await
    }
}

impl Service for Echo {
    fn spec(&self) -> &'static ServiceSpec {
        &SPEC
    }

    fn call(&self, method: usize, call: Incoming) {
        let this = self.clone();
        match method {
            ECHO => call.unary(move |_ctx: Context, request: Text| async move {
                let text = format!("{}{}", this.name, request.text);
                Ok(Text { text, number: request.number })
            }),
            HANG | READ => call.unary(move |_ctx: Context, _: Text| this.hang()),
            PANIC => call.unary(move |_ctx: Context, request: Text| async move {
                if request.number > 0 {
                    tokio::task::yield_now().await;
                }
                assert!(request.number >= 100, "asked to");
                Ok(request)
            }),
            FAIL => call.unary(move |_ctx: Context, request: Text| async move {
                Err::<Text, _>(
                    Status::aborted("somebody was faster")
                        .with_retry_after(Duration::from_millis(request.number)),
                )
            }),
            BIG => call.unary(move |_ctx: Context, request: Text| async move {
                let length = usize::try_from(request.number).unwrap();
                Ok(Text::new(&"x".repeat(length)))
            }),
            REMAINING => call.unary(move |ctx: Context, _: Text| async move {
                let left = ctx.remaining().unwrap();
                Ok(Text::number(u64::try_from(left.as_millis()).unwrap()))
            }),
            NESTED => call.unary(move |_ctx: Context, request: Text| async move {
                call_of(&this.connection, REMAINING, request).await
            }),
            LATER => call.unary(move |_ctx: Context, request: Text| async move {
                tokio::time::sleep(Duration::from_millis(request.number)).await;
                Ok(request)
            }),
            _ => call.unimplemented(),
        }
    }

    fn consume(&self, _consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

impl IntoService for Echo {
    fn into_service(self) -> Arc<dyn Service> {
        Arc::new(self)
    }
}

/// Prepares a call of the service.
pub(crate) fn call_of(connection: &Connection, method: usize, request: Text) -> Call<Text, Text> {
    connection.call(&SPEC.methods[method], request)
}

/// A connection as this service.
pub(crate) async fn connect(server: &NatsServer, service: &str) -> Connection {
    Connection::connect(Options::new(server.url(), service)).await.unwrap()
}

/// The same, with so many pairs of connections.
pub(crate) async fn connect_by(pairs: usize, url: &str, service: &str) -> Connection {
    Connection::connect(Options::new(url, service).connections(pairs)).await.unwrap()
}

/// A instance [`Echo`] and a client, each with a connection of its own.
pub(crate) async fn echo(
    server: &NatsServer,
) -> (Connection, Echo, bodybroker_runtime::server::Server) {
    let connection = connect(server, "echo").await;
    let echo = Echo::new(&connection);
    let instance = connection.serve(echo.clone()).await.unwrap();
    (connect(server, "client").await, echo, instance)
}

/// A long text that shrinks to a third when it is compressed.
pub(crate) fn words(length: usize) -> String {
    let words = (0_u64..).flat_map(|n| format!("word {:04} ", n * 7_919 % 9_973).into_bytes());
    words.take(length).map(char::from).collect()
}

/// A long text that shrinks by hardly more than a quarter.
pub(crate) fn noise(length: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = 88_172_645_463_325_252_u64;
    let letters = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(LETTERS[usize::try_from(state >> 58).unwrap()])
    });
    letters.take(length).collect()
}
