//! A service that publishes events, fails at first where it is asked again, and streams.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::context::Context;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::durable::Bucket;
use bodybroker_runtime::server::{Incoming, IntoService, Service};
use bodybroker_runtime::spec::{Idempotency, Kind, MethodSpec, Policy, Retry, ServiceSpec};
use bodybroker_runtime::status::{Result, Status};
use bodybroker_runtime::stream::Outbound;
use bodybroker_runtime::transport::BoxFuture;
use tokio::sync::Notify;

use crate::event::{PLACES, rang};
use crate::fixture::Text;

/// The trace that each handler of an event was told.
pub(super) static HEARD: Mutex<Vec<Option<String>>> = Mutex::new(Vec::new());

const fn method(
    name: &'static str,
    subject: &'static str,
    kind: Kind,
    policy: Policy,
) -> MethodSpec {
    MethodSpec {
        service: "test.v1.TowerService",
        service_subject: "svc.tower.v1",
        name,
        subject,
        queue_group: "q.tower",
        kind,
        timeout: Duration::from_secs(5),
        idempotency: Idempotency::Idempotent,
        max_in_flight: 8,
        credit: 64,
        idle_timeout: Duration::from_secs(30),
        policy,
        request: "test.echo.v1.Text",
        response: "test.echo.v1.Text",
        ..MethodSpec::EMPTY
    }
}

/// A method of which an instance runs one call at a time.
const fn single(name: &'static str, subject: &'static str) -> MethodSpec {
    MethodSpec { max_in_flight: 1, ..method(name, subject, Kind::Unary, Policy::NONE) }
}

const RETRIED: Policy = Policy {
    retry: Some(Retry {
        max_attempts: 3,
        initial_backoff: Duration::from_millis(1),
        max_backoff: Duration::from_millis(1),
        attempt_timeout: None,
    }),
    ..Policy::NONE
};

pub(super) static SPEC: ServiceSpec = ServiceSpec {
    name: "test.v1.TowerService",
    description: "Rings bells.",
    subject: "svc.tower.v1",
    queue_group: "q.tower",
    version: "1.0.0",
    schema_hash: "0",
    methods: &[
        method("Toll", "svc.tower.v1.toll", Kind::Unary, Policy::NONE),
        method("Ring", "svc.tower.v1.ring", Kind::Unary, RETRIED),
        method("Peal", "svc.tower.v1.peal", Kind::ServerStream, Policy::NONE),
        single("Hold", "svc.tower.v1.hold"),
    ],
    publishes: &[],
    consumes: &[],
    buckets: &[],
    calls: &[],
};

pub(super) const TOLL: usize = 0;
pub(super) const RING: usize = 1;
pub(super) const PEAL: usize = 2;
pub(super) const HOLD: usize = 3;

/// Told when a call to hold has begun, and when it may end.
pub(super) static HELD: Notify = Notify::const_new();
pub(super) static RELEASED: Notify = Notify::const_new();

/// The service.
pub(super) struct Tower {
    connection: Connection,
    bucket: Bucket,
    has_failed: Arc<AtomicBool>,
}

impl Tower {
    pub(super) fn new(connection: &Connection) -> Self {
        let bucket = Bucket::new(connection.durable().clone(), &PLACES);
        Self { connection: connection.clone(), bucket, has_failed: Arc::default() }
    }
}

impl Service for Tower {
    fn spec(&self) -> &'static ServiceSpec {
        &SPEC
    }

    fn call(&self, method: usize, call: Incoming) {
        let (connection, bucket) = (self.connection.clone(), self.bucket.clone());
        match method {
            TOLL => call.unary(move |context: Context, request: Text| async move {
                connection.publish(&rang(request.number)).await?;
                Ok(Text::new(
                    context.headers().iter().map(|(_, value)| value).next().unwrap_or_default(),
                ))
            }),
            RING => {
                let has_failed = self.has_failed.swap(true, Ordering::SeqCst);
                call.unary(move |_: Context, request: Text| async move {
                    if !has_failed {
                        return Err(Status::unavailable("the rope is stuck"));
                    }
                    bucket.put("bell", bytes::Bytes::new()).await?;
                    connection.publish(&rang(request.number)).await?;
                    Ok(request)
                });
            }
            PEAL => call.server_stream(move |_: Context, request: Text| async move {
                Ok(Outbound::iter((0..request.number).map(Text::number)))
            }),
            HOLD => call.unary(|_: Context, request: Text| async move {
                HELD.notify_one();
                RELEASED.notified().await;
                Ok(request)
            }),
            _ => call.unimplemented(),
        }
    }

    fn consume(&self, _: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

impl IntoService for Tower {
    fn into_service(self) -> Arc<dyn Service> {
        Arc::new(self)
    }
}
