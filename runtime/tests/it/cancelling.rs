//! Cancellations that come when their calls have hardly begun.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::Result;
use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::context::Context;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::server::{Incoming, Server, Service};
use bodybroker_runtime::spec::{MethodSpec, ServiceSpec};
use bodybroker_runtime::subject::{Subject, SubjectBuilder};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::{BoxFuture, Flush, Outgoing};
use prost::Message as _;

use crate::fixture::{self, ECHO, Echo, Gate, HANG, PANIC, Text, call_of, connect, echo, words};

/// Requests of a batch, each with its cancellation behind it.
const CALLS: u64 = 32;

/// Sends requests to hang, and takes each back at once, all in one write.
fn hang_and_cancel(client: &Connection, headers: &Headers, body: &[u8]) {
    let request = Subject::parse("svc.test.echo.v1.hang").unwrap();
    let cancel = SubjectBuilder::new("svc.test.echo.v1").literal("$cancel").build();
    let say = |subject: &Subject, reply: Option<&Subject>, headers: &Headers, body: &[u8]| {
        let flush = Flush::Later;
        let message = Outgoing { subject, reply, headers, body: &body, expires: None, flush };
        client.tx().publish(&message).unwrap();
    };
    for number in 0..CALLS {
        let reply = Subject::parse(&format!("_INBOX.client.{number}")).unwrap();
        say(&request, Some(&reply), headers, body);
        say(&cancel, None, &Headers::new(), reply.as_str().as_bytes());
    }
    client.tx().push();
}

/// Waits until so many calls to hang were cancelled. Those that weren't would run out of time, and count as something
/// else.
async fn cancelled(instance: &Server, count: u64) {
    let looking = async {
        while instance.stats()[HANG].cancelled < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), looking).await.expect("all are cancelled");
    assert_eq!(instance.in_flight(), 0);
}

#[tokio::test]
async fn a_cancellation_that_is_read_with_its_request_finds_the_call() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, instance) = echo(&server).await;
    hang_and_cancel(&client, &Headers::new(), &[]);
    cancelled(&instance, CALLS).await;
}

#[tokio::test]
async fn a_cancellation_that_is_read_with_its_long_request_finds_the_call() {
    let server = NatsServer::start().await.unwrap();
    let (client, _, instance) = echo(&server).await;
    let body = Text::new(&words(20_000)).encode_to_vec();
    let mut headers = Headers::new();
    headers.insert("Content-Encoding", "zstd").unwrap();
    headers.insert("Bb-Raw-Size", body.len().to_string()).unwrap();
    hang_and_cancel(&client, &headers, &zstd::encode_all(&body[..], 1).unwrap());
    cancelled(&instance, CALLS).await;
}

const fn like(method: &MethodSpec, critical: bool) -> MethodSpec {
    MethodSpec { critical, ..*method }
}

static SPEC: ServiceSpec = ServiceSpec {
    methods: &[
        like(&fixture::SPEC.methods[ECHO], false),
        like(&fixture::SPEC.methods[HANG], true),
        like(&fixture::SPEC.methods[PANIC], true),
    ],
    ..fixture::SPEC
};

/// Hangs critically, and holds the thread of a critical `PANIC`.
struct Critical {
    echo: Echo,
    gate: Arc<Gate>,
}

impl Service for Critical {
    fn spec(&self) -> &'static ServiceSpec {
        &SPEC
    }

    fn call(&self, method: usize, call: Incoming) {
        if method != PANIC {
            return self.echo.call(method, call);
        }
        let gate = Arc::clone(&self.gate);
        call.unary(move |_: Context, request: Text| async move {
            gate.pass();
            Ok(request)
        });
    }

    fn consume(&self, _: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

#[tokio::test]
async fn a_cancellation_does_not_overtake_its_critical_call() {
    let server = NatsServer::start().await.unwrap();
    let (connection, client) = (connect(&server, "echo").await, connect(&server, "client").await);
    let (echo, gate) = (Echo::new(&connection), Arc::<Gate>::default());
    let service: Arc<dyn Service> = Arc::new(Critical { echo, gate: Arc::clone(&gate) });
    let instance = connection.serve(service).await.unwrap();
    let holding = tokio::spawn(call_of(&client, PANIC, Text::default()));
    gate.held(1).await;
    let mut hanging = call_of(&client, HANG, Text::default());
    assert!(futures::poll!(&mut hanging).is_pending());
    drop(hanging);
    // The usual way has brought the cancellation when it brings this, and nothing has come the other.
    call_of(&client, ECHO, Text::default()).await.unwrap();
    assert_eq!(instance.stats()[HANG].received, 0);
    gate.open();
    holding.await.unwrap().unwrap();
    cancelled(&instance, 1).await;
}
