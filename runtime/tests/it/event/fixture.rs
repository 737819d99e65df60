//! An event, the write of a bucket that is one, and a service that listens to both.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::Result;
use bodybroker_runtime::context::Context;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::durable::{Durable, StreamConfig, TakenOver};
use bodybroker_runtime::event::{Event, Tuning};
use bodybroker_runtime::server::{Incoming, Service};
use bodybroker_runtime::spec::{
    BucketSpec, ConsumeSpec, EventSpec, ServiceSpec, Storage, Versions,
};
use bodybroker_runtime::subject::{Subject, SubjectBuilder};
use bodybroker_runtime::transport::BoxFuture;
use tokio::sync::Notify;

use crate::durable::events;

/// An event as generated code would declare it.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Rang {
    #[prost(string, tag = "1")]
    pub(crate) bell: String,
    #[prost(uint64, tag = "2")]
    pub(crate) number: u64,
}

impl prost::Name for Rang {
    const NAME: &'static str = "Rang";
    const PACKAGE: &'static str = "test.v1";
}

static RANG: EventSpec = EventSpec {
    name: "test.v1.Rang",
    filter: "evt.bell.rang.v1.*",
    stream: "EVENTS",
    storage: Storage::File,
    replicas: 3,
    bucket: None,
    sealed: None,
};

impl Event for Rang {
    fn spec() -> &'static EventSpec {
        &RANG
    }

    fn subject(&self) -> Subject {
        SubjectBuilder::new("evt.bell.rang.v1").token(&self.bell).build()
    }
}

/// An event that is the write of a bucket.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Moved {
    #[prost(string, tag = "1")]
    pub(crate) thing: String,
}

impl prost::Name for Moved {
    const NAME: &'static str = "Moved";
    const PACKAGE: &'static str = "test.v1";
}

static MOVED: EventSpec = EventSpec {
    name: "test.v1.Moved",
    filter: "evt.thing.moved.v1.*",
    stream: "EVENTS",
    storage: Storage::File,
    replicas: 3,
    bucket: Some("places"),
    sealed: None,
};

impl Event for Moved {
    fn spec() -> &'static EventSpec {
        &MOVED
    }

    fn subject(&self) -> Subject {
        SubjectBuilder::new("evt.thing.moved.v1").token(&self.thing).build()
    }
}

pub(crate) static PLACES: BucketSpec = BucketSpec {
    name: "places",
    value: "test.v1.Moved",
    sealed: None,
    indexes: &[],
    history: 1,
    ttl: None,
    storage: Storage::File,
    replicas: 1,
    versions: Versions::FIRST,
};

pub(crate) static LISTENER: ServiceSpec = ServiceSpec {
    name: "test.v1.ListenerService",
    description: "Listens",
    subject: "svc.listener.v1",
    queue_group: "q.listener",
    version: "1.0.0",
    schema_hash: "0",
    methods: &[],
    publishes: &[],
    consumes: &[
        ConsumeSpec { durable: "listener-rang", event: &RANG },
        ConsumeSpec { durable: "listener-moved", event: &MOVED },
    ],
    buckets: &[],
    calls: &[],
};

type Handler = dyn Fn(Context, Rang) -> BoxFuture<'static, Result<()>> + Send + Sync;

/// Counts what it hears, and does what the test says.
pub(crate) struct Listener {
    pub(crate) heard: Mutex<BTreeMap<u64, usize>>,
    pub(super) moved: AtomicUsize,
    pub(crate) changed: Notify,
    handler: Box<Handler>,
}

impl Listener {
    pub(crate) fn new<F>(handler: impl Fn(Context, Rang) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        Arc::new(Self {
            heard: Mutex::default(),
            moved: AtomicUsize::new(0),
            changed: Notify::new(),
            handler: Box::new(move |context, rang| Box::pin(handler(context, rang))),
        })
    }

    /// Waits until what was heard is as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&BTreeMap<u64, usize>) -> bool) {
        let seen = async {
            loop {
                let changed = self.changed.notified();
                if wanted(&self.heard.lock().unwrap()) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), seen).await.unwrap();
    }
}

/// What is served: the listener behind dispatch as generated code would write it.
pub(crate) struct Dispatch(pub(crate) Arc<Listener>);

impl Service for Dispatch {
    fn spec(&self) -> &'static ServiceSpec {
        &LISTENER
    }

    fn call(&self, _method: usize, call: Incoming) {
        call.unimplemented();
    }

    fn consume(&self, consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        let listener = Arc::clone(&self.0);
        match consumer {
            0 => delivery.handle(move |context, rang: Rang| async move {
                *listener.heard.lock().unwrap().entry(rang.number).or_default() += 1;
                listener.changed.notify_waiters();
                let result = (listener.handler)(context, rang).await;
                listener.changed.notify_waiters();
                result
            }),
            1 => delivery.handle(move |_, _: Moved| async move {
                listener.moved.fetch_add(1, Ordering::SeqCst);
                listener.changed.notify_waiters();
                Ok(())
            }),
            _ => delivery.unknown(),
        }
    }
}

pub(crate) fn rang(number: u64) -> Rang {
    Rang { bell: "tower".to_owned(), number }
}

pub(crate) fn quick() -> Tuning {
    Tuning {
        handlers_max: 8,
        ack_wait: Duration::from_secs(2),
        deliveries_max: 3,
        backoff: vec![Duration::from_millis(20)],
    }
}

pub(crate) async fn provision(durable: &Arc<dyn Durable>) -> Result<()> {
    let sources = StreamConfig::of_event(&MOVED).sources;
    let taken_over =
        TakenOver { stream: "EVENTS".to_owned(), destination: sources[0].destination.clone() };
    let mut places = StreamConfig::of_bucket(&PLACES);
    places.taken_over = Some(taken_over);
    places.limits.messages_per_subject = Some(64);
    durable.provision(&places).await?;
    durable.provision(&events(sources)).await?;
    durable.provision(&StreamConfig::of_dead_letters()).await?;
    Ok(())
}
