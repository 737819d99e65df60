//! A limit of calls in flight that follows the times that they take, in a time that only the test makes pass.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bodybroker_runtime::bus::Bus;
use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::context::Context;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::server::{Incoming, Service};
use bodybroker_runtime::spec::{Adaptive, Idempotency, Kind, MethodSpec, ServiceSpec};
use bodybroker_runtime::transport::BoxFuture;
use bodybroker_runtime::{Code, Result};
use futures::future::join_all;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::fixture::Text;

const fn work(adaptive: Option<Adaptive>) -> MethodSpec {
    MethodSpec {
        service: "test.mill.v1.MillService",
        service_subject: "svc.test.mill.v1",
        name: "Grind",
        subject: "svc.test.mill.v1.grind",
        queue_group: "q.mill",
        kind: Kind::Unary,
        timeout: Duration::from_secs(5),
        idempotency: Idempotency::None,
        max_in_flight: 256,
        adaptive,
        request: "test.echo.v1.Text",
        response: "test.echo.v1.Text",
        ..MethodSpec::EMPTY
    }
}

const fn service(methods: &'static [MethodSpec]) -> ServiceSpec {
    ServiceSpec {
        name: "test.mill.v1.MillService",
        description: "Grinds.",
        subject: "svc.test.mill.v1",
        queue_group: "q.mill",
        version: "1.0.0",
        schema_hash: "0123456789abcdef",
        methods,
        publishes: &[],
        consumes: &[],
        buckets: &[],
        calls: &[],
    }
}

static ADAPTIVE: ServiceSpec =
    service(&[work(Some(Adaptive { min_limit: 4, tolerance_percent: 25 }))]);
static FIXED: ServiceSpec = service(&[work(None)]);

/// What works on one call at a time.
const STONES: usize = 4;
/// What a call takes of one.
const COST: Duration = Duration::from_millis(10);
/// Callers who call without pause.
const CALLERS: usize = 200;
/// How long they do.
const TIME: Duration = Duration::from_secs(20);

/// Waits for a stone, and grinds.
#[derive(Clone)]
struct Mill {
    spec: &'static ServiceSpec,
    stones: Arc<Semaphore>,
}

impl Service for Mill {
    fn spec(&self) -> &'static ServiceSpec {
        self.spec
    }

    fn call(&self, _: usize, call: Incoming) {
        let stones = Arc::clone(&self.stones);
        call.unary(move |_: Context, request: Text| async move {
            let _stone = stones.acquire().await.unwrap();
            sleep(COST).await;
            Ok(request)
        });
    }

    fn consume(&self, _: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

/// What many callers are told in the last half of their time: the longest that an accepted call took, how many were
/// accepted, and how many sent away.
async fn grind(spec: &'static ServiceSpec) -> (Duration, u32, u32) {
    let bus = Bus::new();
    let (mill, client) = (Connection::local(&bus, "mill"), Connection::local(&bus, "client"));
    let stones = Arc::new(Semaphore::new(STONES));
    let service: Arc<dyn Service> = Arc::new(Mill { spec, stones });
    let _server = mill.serve(service).await.unwrap();
    let (began, accepted, shed) = (Instant::now(), AtomicU32::new(0), AtomicU32::new(0));
    let longest = join_all((0..CALLERS).map(|_| async {
        let mut longest = Duration::ZERO;
        while began.elapsed() < TIME {
            let called = Instant::now();
            let counts = u32::from(began.elapsed() > TIME / 2);
            match client.call::<_, Text>(&spec.methods[0], Text::default()).await {
                Ok(_) => {
                    accepted.fetch_add(counts, Ordering::Relaxed);
                    longest = longest.max(called.elapsed() * counts);
                }
                Err(status) => {
                    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
                    shed.fetch_add(counts, Ordering::Relaxed);
                    sleep(status.retry_after().expect("a time to come back")).await;
                }
            }
        }
        longest
    }));
    let longest = longest.await.into_iter().max().unwrap_or_default();
    (longest, accepted.into_inner(), shed.into_inner())
}

/// Calls that the stones can grind in the time that is looked at.
fn possible() -> u32 {
    u32::try_from((TIME / 2).as_millis() / COST.as_millis()).unwrap()
        * u32::try_from(STONES).unwrap()
}

#[tokio::test(start_paused = true)]
async fn calls_that_would_only_wait_are_sent_away_and_the_others_are_quick() {
    let (longest, accepted, shed) = grind(&ADAPTIVE).await;
    // Eight are let in for four stones, about.
    assert!(longest <= 4 * COST, "{longest:?}");
    assert!(accepted >= possible() * 9 / 10, "{accepted} of {}", possible());
    assert!(shed > 0);
}

#[tokio::test(start_paused = true)]
async fn with_a_fixed_limit_they_wait_for_each_other() {
    let (longest, accepted, shed) = grind(&FIXED).await;
    assert!(longest >= 40 * COST, "{longest:?}");
    assert!(accepted >= possible() * 9 / 10, "{accepted} of {}", possible());
    assert_eq!(shed, 0);
}
