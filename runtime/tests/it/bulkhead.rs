//! Critical methods, and floods of others.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::context::Context;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::server::{Incoming, Service};
use bodybroker_runtime::spec::{Idempotency, Kind, MethodSpec, ServiceSpec};
use bodybroker_runtime::subject::Subject;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::{BoxFuture, Flush, Outgoing};
use bodybroker_runtime::{Code, Result};
use prost::Message as _;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::fixture::{Gate, Text, connect, words};

const fn method(name: &'static str, subject: &'static str, critical: bool) -> MethodSpec {
    MethodSpec {
        service: "test.bank.v1.BankService",
        service_subject: "svc.test.bank.v1",
        name,
        subject,
        queue_group: "q.bank",
        kind: Kind::Unary,
        timeout: Duration::from_secs(10),
        idempotency: Idempotency::None,
        max_in_flight: 8,
        critical,
        request: "test.echo.v1.Text",
        response: "test.echo.v1.Text",
        ..MethodSpec::EMPTY
    }
}

const fn service(methods: &'static [MethodSpec]) -> ServiceSpec {
    ServiceSpec {
        name: "test.bank.v1.BankService",
        description: "Takes payments, and reports.",
        subject: "svc.test.bank.v1",
        queue_group: "q.bank",
        version: "1.0.0",
        schema_hash: "0123456789abcdef",
        methods,
        publishes: &[],
        consumes: &[],
        buckets: &[],
        calls: &[],
    }
}

static CRITICAL: ServiceSpec = service(&[
    method("Pay", "svc.test.bank.v1.pay", true),
    method("Report", "svc.test.bank.v1.report", false),
]);
/// The same without the option.
static USUAL: ServiceSpec = service(&[
    method("Pay", "svc.test.bank.v1.pay", false),
    method("Report", "svc.test.bank.v1.report", false),
]);
const PAY: usize = 0;
const REPORT: usize = 1;

/// Threads of the service's process.
const THREADS: usize = 2;
/// Requests of the flood: more than the sockets between hold, and as many times what the instance runs at once.
const FLOOD: usize = 2_000;
/// Bytes of each.
const BYTES: usize = 16 * 1024;

/// Reports hold the thread that they run on until the gate is open.
#[derive(Clone, Default)]
struct Bank {
    gate: Arc<Gate>,
    critical: bool,
}

impl Service for Bank {
    fn spec(&self) -> &'static ServiceSpec {
        if self.critical { &CRITICAL } else { &USUAL }
    }

    fn call(&self, method: usize, call: Incoming) {
        let this = self.clone();
        if method == PAY {
            call.unary(move |_: Context, request: Text| async move {
                // A payment waits for something, too.
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok(request)
            });
        } else {
            call.unary(move |_: Context, request: Text| async move {
                // As many as may run at once, not only the first.
                tokio::task::yield_now().await;
                this.gate.pass();
                Ok(request)
            });
        }
    }

    fn consume(&self, _: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

/// A process of its own, as far as threads are concerned.
struct Process(Option<Runtime>);

impl Process {
    fn new() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build();
        Self(Some(runtime.unwrap()))
    }

    fn start<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.0.as_ref().unwrap().spawn(task)
    }

    async fn run<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> T {
        self.start(task).await.unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Threads that a failed test has left waiting aren't waited for.
        self.0.take().unwrap().shutdown_background();
    }
}

/// Floods a service with reports, has all its threads held, and pays so often; how many payments were made. Then
/// everything goes on.
async fn pay_amid_a_flood(
    pairs: usize,
    critical: bool,
    payments: usize,
    timeout: Duration,
) -> usize {
    let server = NatsServer::start().await.unwrap();
    let bank = Bank { gate: Arc::default(), critical };
    let process = Process::new();
    let options = Options::new(server.url(), "bank").connections(pairs);
    let service = bank.clone();
    let serving = process.run(async move {
        let service: Arc<dyn Service> = Arc::new(service);
        Connection::connect(options).await.unwrap().serve(service).await.unwrap()
    });
    let instance = serving.await;
    let spec = bank.spec();
    let (flooder, payer) = (connect(&server, "flooder").await, connect(&server, "payer").await);
    let subject = Subject::parse("svc.test.bank.v1.report").unwrap();
    let reply = Subject::parse("_INBOX.flooder.nobody").unwrap();
    let body = Text::new(&"x".repeat(BYTES)).encode_to_vec();
    for _ in 0..FLOOD {
        flooder.tx().writable().await;
        flooder
            .tx()
            .publish(&Outgoing {
                subject: &subject,
                reply: Some(&reply),
                headers: &Headers::new(),
                body: &body,
                expires: None,
                flush: Flush::Soon,
            })
            .unwrap();
    }
    flooder.tx().flush().await.unwrap();
    // The first report may hold the thread that would have taken the next one in.
    for _ in 0..THREADS {
        let gate = Arc::clone(&bank.gate);
        process.start(async move { gate.pass() });
    }
    bank.gate.held(THREADS).await;
    let mut made = 0;
    for number in 0..payments as u64 {
        let pay = payer.call::<_, Text>(&spec.methods[PAY], Text::number(number)).timeout(timeout);
        match pay.await {
            Ok(answer) => {
                assert_eq!(answer.number, number);
                made += 1;
            }
            Err(status) => assert_eq!(status.code(), Code::UnknownOutcome, "{status}"),
        }
    }
    bank.gate.open();
    let after = payer.call::<_, Text>(&spec.methods[PAY], Text::number(7)).await.unwrap();
    assert_eq!(after.number, 7);
    process.run(async move { instance.drain().await }).await;
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_that_holds_every_thread_and_fills_the_socket_delays_no_critical_call() {
    let payments = 200;
    assert_eq!(pay_amid_a_flood(1, true, payments, Duration::from_secs(5)).await, payments);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nor_does_one_that_comes_over_several_connections() {
    assert_eq!(pay_amid_a_flood(3, true, 50, Duration::from_secs(5)).await, 50);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_option_the_same_flood_holds_every_call_up() {
    assert_eq!(pay_amid_a_flood(1, false, 3, Duration::from_millis(300)).await, 0);
}

/// With more reports at once than there is room for, if they are long.
static ROOMY: ServiceSpec = service(&[
    method("Pay", "svc.test.bank.v1.pay", true),
    MethodSpec { max_in_flight: 32, ..method("Report", "svc.test.bank.v1.report", false) },
]);

/// Payments are answered, and reports never: so many have begun.
#[derive(Default)]
struct Waiting(Arc<AtomicUsize>);

impl Service for Waiting {
    fn spec(&self) -> &'static ServiceSpec {
        &ROOMY
    }

    fn call(&self, method: usize, call: Incoming) {
        let begun = Arc::clone(&self.0);
        call.unary(move |_: Context, request: Text| async move {
            if method == PAY {
                return Ok(request);
            }
            begun.fetch_add(1, Ordering::SeqCst);
            std::future::pending().await
        });
    }

    fn consume(&self, _: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

#[tokio::test]
async fn long_requests_of_others_leave_room_for_critical_ones() {
    let server = NatsServer::start().await.unwrap();
    let (host, client) = (connect(&server, "bank").await, connect(&server, "client").await);
    host.set_message_bytes_max(100_000);
    let waiting = Waiting::default();
    let begun = Arc::clone(&waiting.0);
    let service: Arc<dyn Service> = Arc::new(waiting);
    let _bank = host.serve(service).await.unwrap();
    let long = Text::new(&words(99_000));
    let call = |method: usize| client.call::<Text, Text>(&ROOMY.methods[method], long.clone());
    let reports: Vec<_> = (0..16).map(|_| tokio::spawn(call(REPORT).into_future())).collect();
    while begun.load(Ordering::SeqCst) < reports.len() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let status = call(REPORT).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    call(PAY).await.unwrap();
    for report in reports {
        report.abort();
    }
}
