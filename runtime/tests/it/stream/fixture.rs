//! A service that streams in every shape, and says what it did.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use bodybroker_runtime::bus::Bus;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::prelude::*;
use bodybroker_runtime::server::Incoming;
use bodybroker_runtime::spec::{Idempotency, Kind, MethodSpec, ServiceSpec};
use bodybroker_runtime::transport::BoxFuture;
use futures::stream;

pub(super) const CREDIT: u32 = 64;
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) static SPEC: ServiceSpec = ServiceSpec {
    name: "test.stream.v1.StreamService",
    description: "Streams in every shape.",
    subject: "svc.stream.v1",
    queue_group: "q.stream",
    version: "1.0.0",
    schema_hash: "0000000000000000",
    methods: &[
        method("Count", "svc.stream.v1.count", Kind::ServerStream),
        method("Sum", "svc.stream.v1.sum", Kind::ClientStream),
        method("Double", "svc.stream.v1.double", Kind::Bidirectional),
        method("Nobody", "svc.nobody.v1.count", Kind::ServerStream),
    ],
    publishes: &[],
    consumes: &[],
    buckets: &[],
    calls: &[],
};

const fn method(name: &'static str, subject: &'static str, kind: Kind) -> MethodSpec {
    MethodSpec {
        service: "test.stream.v1.StreamService",
        service_subject: "svc.stream.v1",
        name,
        subject,
        queue_group: "q.stream",
        kind,
        timeout: Duration::from_secs(5),
        idempotency: Idempotency::None,
        max_in_flight: 1000,
        credit: CREDIT,
        idle_timeout: IDLE_TIMEOUT,
        request: "test.stream.v1.Ask",
        response: "test.stream.v1.Number",
        ..MethodSpec::EMPTY
    }
}

/// What is asked of `Count`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Ask {
    /// Frames to send.
    #[prost(uint64, tag = "1")]
    pub(super) frames: u64,
    /// How it ends; see the constants.
    #[prost(uint32, tag = "2")]
    pub(super) ending: u32,
    /// Bytes of padding in each frame.
    #[prost(uint64, tag = "3")]
    pub(super) padding: u64,
}

/// With success.
pub(super) const WELL: u32 = 0;
/// With a failure, before a stream is there.
pub(super) const REFUSED: u32 = 1;
/// With a failure after the frames.
pub(super) const FAILED: u32 = 2;
/// With a panic of the handler.
pub(super) const PANIC: u32 = 3;
/// Never: it waits after the frames.
pub(super) const NEVER: u32 = 4;
/// With a panic in the stream.
pub(super) const PANIC_LATE: u32 = 5;

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Number {
    #[prost(uint64, tag = "1")]
    pub(super) value: u64,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) padding: Vec<u8>,
}

pub(super) fn number(value: u64) -> Number {
    Number { value, padding: Vec::new() }
}

/// What the service did.
#[derive(Clone, Default)]
pub(super) struct Streams(Arc<Seen>);

#[derive(Default)]
struct Seen {
    produced: AtomicU64,
    dropped: AtomicBool,
}

struct Guard(Streams);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.dropped.store(true, SeqCst);
    }
}

impl Streams {
    /// Frames that `Count` has produced.
    pub(super) fn produced(&self) -> u64 {
        self.0.produced.load(SeqCst)
    }

    /// Completes when a stream of `Count` was dropped.
    pub(super) async fn dropped(&self) {
        until(|| self.0.dropped.load(SeqCst)).await;
    }

    fn count(&self, ask: &Ask) -> Result<Outbound<Number>> {
        let ask = ask.clone();
        match ask.ending {
            REFUSED => return Err(Status::permission_denied("not you")),
            PANIC => panic!("the handler was told to"),
            _ => {}
        }
        let guard = Guard(self.clone());
        let frames = stream::unfold((0, guard), move |(made, guard)| async move {
            if made == ask.frames {
                match ask.ending {
                    FAILED if made == ask.frames => {
                        return Some((Err(Status::aborted("enough")), (made + 1, guard)));
                    }
                    NEVER => std::future::pending().await,
                    PANIC_LATE => panic!("the stream was told to"),
                    _ => return None,
                }
            }
            if made > ask.frames {
                return None;
            }
            guard.0.0.produced.fetch_add(1, SeqCst);
            let padding = vec![7; usize::try_from(ask.padding).unwrap()];
            Some((Ok(Number { value: made + 1, padding }), (made + 1, guard)))
        });
        Ok(Outbound::new(frames))
    }

    async fn sum(&self, mut numbers: Inbound<Number>) -> Result<Number> {
        let mut sum = 0;
        while let Some(next) = numbers.message().await? {
            if next.value == BEAST {
                return Err(Status::invalid_argument("no beasts"));
            }
            sum += next.value;
        }
        Ok(number(sum))
    }

    fn double(&self, numbers: Inbound<Number>) -> Outbound<Number> {
        let guard = Guard(self.clone());
        Outbound::spawn(|tx| async move {
            let (_guard, mut numbers) = (guard, numbers);
            while let Some(next) = numbers.message().await? {
                tx.send(number(2 * next.value)).await?;
            }
            Ok(())
        })
    }
}

impl Service for Streams {
    fn spec(&self) -> &'static ServiceSpec {
        &SPEC
    }

    fn call(&self, method: usize, call: Incoming) {
        let this = self.clone();
        match method {
            0 => call.server_stream(move |_ctx, ask| async move { this.count(&ask) }),
            1 => call.client_stream(move |_ctx, frames| async move { this.sum(frames).await }),
            2 => call.bidirectional(move |_ctx, frames| async move { Ok(this.double(frames)) }),
            _ => call.unimplemented(),
        }
    }

    fn consume(&self, _consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        delivery.unknown()
    }
}

impl IntoService for Streams {
    fn into_service(self) -> Arc<dyn Service> {
        Arc::new(self)
    }
}

/// A client and a server on one bus.
pub(super) struct Pair {
    pub(super) bus: Bus,
    pub(super) client: Connection,
    pub(super) host: Connection,
    pub(super) server: Server,
    pub(super) service: Streams,
}

impl Pair {
    pub(super) async fn new(seed: u64) -> Self {
        let bus = Bus::seeded(seed);
        let (client, host) = (Connection::local(&bus, "caller"), Connection::local(&bus, "host"));
        let service = Streams::default();
        let server = host.serve(service.clone()).await.unwrap();
        Self { bus, client, host, server, service }
    }

    /// Completes when neither side holds anything of a stream.
    pub(super) async fn clean(&self) {
        until(|| self.client.mux().streams() == 0 && self.server.in_flight() == 0).await;
    }
}

pub(super) fn count(client: &Connection, frames: u64, ending: u32) -> StreamCall {
    client.server_stream(&SPEC.methods[0], Ask { frames, ending, padding: 0 })
}

pub(super) type StreamCall = bodybroker_runtime::client::StreamCall<Ask, Number>;

/// A number that `Sum` refuses.
pub(super) const BEAST: u64 = u64::MAX;

/// Waits for something that takes no message: it looks again whenever others had their turn.
pub(super) async fn until(what: impl Fn() -> bool) {
    let looked = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looked).await.expect("it happens in time");
}

/// Asserts that a stream brought exactly the first numbers.
pub(super) fn assert_counted(frames: &[Number], count: u64) {
    let values: Vec<u64> = frames.iter().map(|frame| frame.value).collect();
    assert_eq!(values, (1..=count).collect::<Vec<_>>());
}
