//! Running services as a program does.

use std::sync::Arc;
use std::time::Duration;

use bodybroker_runtime::config::Config;
use bodybroker_runtime::connection::{Connection, Options};
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::durable::{Bucket, Start};
use bodybroker_runtime::host::Host;
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::server::{Incoming, Service};
use bodybroker_runtime::spec::{
    BucketSpec, MethodSpec, ServiceSpec, SourceSpec, Storage, StreamSpec, Versions,
};
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::testing::{NatsServer, TestEnv};
use bodybroker_runtime::transport::BoxFuture;
use bodybroker_runtime::{Code, Result, Status};
use futures::StreamExt;
use tokio::sync::Notify;

use crate::event::{Dispatch, LISTENER, Listener, PLACES, rang};
use crate::fixture::SPEC;

pub(crate) static STREAMS: &[StreamSpec] = &[StreamSpec {
    name: "EVENTS",
    subjects: &["evt.>"],
    max_age: Duration::from_mins(5),
    storage: Storage::File,
    replicas: 3,
    duplicate_window: Duration::from_mins(2),
    max_bytes: None,
    sources: &[SourceSpec { bucket: "places", destination: "evt.thing.moved.v1.{{wildcard(1)}}" }],
}];

/// Makes what a listener uses.
pub(crate) async fn provision(connection: &Connection) -> Result<()> {
    let provisioner = Provisioner::new().streams(STREAMS).buckets(&[&PLACES]).service(&LISTENER);
    provisioner.allow_fewer_replicas().apply(connection).await.map(drop)
}

#[tokio::test]
async fn what_is_published_while_a_host_drains_is_handled_by_the_next() -> Result<()> {
    let server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "test")).await?;
    provision(&connection).await?;
    let listener = Listener::new(|_, _| async { Ok(()) });
    let ready_file = server.folder().join("ready");
    for round in 0..2 {
        let config = Config {
            ready_file: Some(ready_file.clone()),
            weak_storage: true,
            ..Config::at(server.url())
        };
        let dispatch = Dispatch(Arc::clone(&listener));
        let host = Host::new(config).service("listener", |_| async {
            let service: Arc<dyn Service> = Arc::new(dispatch);
            Ok(service)
        });
        let (tell, ready) = tokio::sync::oneshot::channel();
        let host = host.on_ready(move || tell.send(()).unwrap());
        let stop = Arc::new(Notify::new());
        let stopping = Arc::clone(&stop);
        let running = tokio::spawn(host.run_until(async move { stopping.notified().await }));
        let first = round * 100;
        for number in first..first + 50 {
            connection.publish(&rang(number)).await?;
        }
        ready.await.unwrap();
        let text = std::fs::read_to_string(&ready_file).unwrap();
        assert_eq!(text, format!("{}\nlistener\n", server.url()));
        stop.notify_one();
        for number in first + 50..first + 100 {
            connection.publish(&rang(number)).await?;
        }
        running.await.unwrap()?;
        assert!(!ready_file.exists());
    }
    let env = Connection::connect(Options::new(server.url(), "listener")).await?;
    let service: Arc<dyn Service> = Arc::new(Dispatch(Arc::clone(&listener)));
    let consumers = bodybroker_runtime::event::start_consumers(&env, &service).await?;
    listener.until(|heard| heard.len() == 200).await;
    consumers.drain().await;
    assert!(listener.heard.lock().unwrap().values().all(|times| *times == 1));
    Ok(())
}

#[tokio::test]
async fn a_service_that_does_not_start_is_named() -> Result<()> {
    let server = NatsServer::start().await?;
    let host = Host::new(Config::at(server.url())).service("broken", |_| async {
        Err::<Arc<dyn Service>, _>(Status::failed_precondition("no seed is set"))
    });
    let failed = host.run_until(std::future::pending()).await.unwrap_err();
    assert_eq!(failed.message(), "broken: no seed is set");
    Ok(())
}

#[tokio::test]
async fn a_service_does_not_start_on_weaker_storage_than_declared() -> Result<()> {
    let server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "test")).await?;
    let provisioner = Provisioner::new().streams(STREAMS).service(&LISTENER);
    provisioner.allow_fewer_replicas().apply(&connection).await?;
    let started = |weak_storage| {
        let config = Config { weak_storage, ..Config::at(server.url()) };
        let host = Host::new(config).service("listener", |_| async {
            let service: Arc<dyn Service> =
                Arc::new(Dispatch(Listener::new(|_, _| async { Ok(()) })));
            Ok(service)
        });
        let (tell, ready) = tokio::sync::oneshot::channel();
        let host = host.on_ready(move || tell.send(()).unwrap());
        host.run_until(async { ready.await.unwrap() })
    };
    let refused = started(false).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition, "{refused}");
    assert!(refused.message().contains("EVENTS has 1 of 3 copies"), "{refused}");
    assert!(refused.message().contains("BB_WEAK_STORAGE=true"), "{refused}");
    started(true).await
}

/// What can't be served for its subject.
static ASTRAY: ServiceSpec = ServiceSpec {
    methods: &[MethodSpec { subject: "svc..astray", ..MethodSpec::EMPTY }],
    consumes: LISTENER.consumes,
    ..SPEC
};

struct Astray(Dispatch);

impl Service for Astray {
    fn spec(&self) -> &'static ServiceSpec {
        &ASTRAY
    }

    fn call(&self, method: usize, call: Incoming) {
        self.0.call(method, call);
    }

    fn consume(&self, consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        self.0.consume(consumer, delivery)
    }
}

#[tokio::test]
async fn a_service_that_cannot_be_served_takes_no_more_events() -> Result<()> {
    let server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "test")).await?;
    provision(&connection).await?;
    let listener = Listener::new(|_, _| async { Ok(()) });
    let service: Arc<dyn Service> = Arc::new(Astray(Dispatch(Arc::clone(&listener))));
    let config = Config { weak_storage: true, ..Config::at(server.url()) };
    let host = Host::new(config).service("astray", |_| async { Ok(service) });
    let failed = host.run_until(std::future::pending()).await.unwrap_err();
    assert!(failed.message().contains("svc..astray"), "{failed}");
    let forgotten = async {
        while Arc::strong_count(&listener) > 1 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), forgotten).await.expect("its consumers end");
    Ok(())
}

#[tokio::test]
async fn three_replicas_need_a_cluster_unless_told_otherwise() -> Result<()> {
    let server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "test")).await?;
    let strict = Provisioner::new().buckets(&[&PLACES]).streams(STREAMS);
    let refused = strict.apply(&connection).await.unwrap_err();
    assert!(refused.message().contains("replicas"), "{refused}");
    let relaxed = || Provisioner::new().buckets(&[&PLACES]).streams(STREAMS).allow_fewer_replicas();
    relaxed().apply(&connection).await?;
    let again = relaxed().apply(&connection).await?;
    let unchanged = bodybroker_runtime::durable::Provisioned::Unchanged;
    assert!(again.iter().all(|step| step.done == unchanged), "{again:?}");
    Ok(())
}

/// Without the pacing of writers this fails: the bucket keeps 64 revisions, and after a restart the server needs time
/// for several hundred writes before it goes on taking them over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_write_of_a_hot_key_becomes_an_event_across_restarts() -> Result<()> {
    const WRITERS: u64 = 3;
    const WRITES: u64 = 600;
    let mut server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "test")).await?;
    let provisioner = Provisioner::new().buckets(&[&PLACES]).streams(STREAMS);
    provisioner.allow_fewer_replicas().apply(&connection).await?;
    let written = Arc::new(std::sync::Mutex::new(std::collections::BTreeSet::new()));
    let progress = Arc::new(Notify::new());
    let writers = (0..WRITERS).map(|_| {
        let bucket = Bucket::new(connection.durable().clone(), &PLACES);
        let (written, progress) = (Arc::clone(&written), Arc::clone(&progress));
        tokio::spawn(async move {
            for _ in 0..WRITES {
                let revision = bucket.put("hot", bytes::Bytes::new()).await?;
                written.lock().unwrap().insert(revision);
                progress.notify_one();
            }
            Ok::<_, Status>(())
        })
    });
    let writers: Vec<_> = writers.collect();
    for wanted in [400, 900] {
        while written.lock().unwrap().len() < wanted {
            progress.notified().await;
        }
        server.restart().await?;
    }
    for writer in writers {
        writer.await.unwrap()?;
    }
    let filter = Filter::literal("evt.thing.moved.v1.hot");
    let mut events = connection.durable().read("EVENTS", &filter, Start::All).await?.messages;
    let mut missing = written.lock().unwrap().clone();
    while !missing.is_empty() {
        let event = tokio::time::timeout(Duration::from_secs(20), events.next()).await;
        let Ok(Some(event)) = event else { panic!("{} writes are no events", missing.len()) };
        let event = event?;
        let origin = event.headers.get("Nats-Stream-Source").unwrap();
        missing.remove(&origin.split(' ').nth(1).unwrap().parse().unwrap());
    }
    Ok(())
}

#[tokio::test]
async fn a_bucket_with_another_storage_is_left_alone() -> Result<()> {
    static MOVED: BucketSpec = BucketSpec {
        name: "places",
        value: "test.v1.Moved",
        sealed: None,
        indexes: &[],
        history: 1,
        ttl: None,
        storage: Storage::Memory,
        replicas: 1,
        versions: Versions::FIRST,
    };
    let server = NatsServer::start().await?;
    let connection = Connection::connect(Options::new(server.url(), "test")).await?;
    Provisioner::new().buckets(&[&PLACES]).apply(&connection).await?;
    let refused = Provisioner::new().buckets(&[&MOVED]).apply(&connection).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.message().contains("storage file -> memory"), "{refused}");
    Ok(())
}

#[test]
fn a_test_environment_makes_what_its_service_uses() -> Result<()> {
    bodybroker_runtime::testing::run(async |env: TestEnv| {
        let listener = Listener::new(|_, _| async { Ok(()) });
        let dispatch = Dispatch(Arc::clone(&listener));
        env.serve(async |_: &Connection| {
            let service: Arc<dyn Service> = Arc::new(dispatch);
            Ok(service)
        })
        .await;
        env.connection().publish(&rang(1)).await?;
        listener.until(|heard| heard.contains_key(&1)).await;
        env.drain().await;
        Ok(())
    })
}
