//! The end of a process whose handlers don't end.

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bodybroker_runtime::config::Config;
use bodybroker_runtime::context::Context;
use bodybroker_runtime::delivery::Delivery;
use bodybroker_runtime::host::Host;
use bodybroker_runtime::server::{Incoming, Service};
use bodybroker_runtime::spec::ServiceSpec;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::BoxFuture;
use bodybroker_runtime::{Connection, Result};
use tokio::runtime::Handle;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::event::{Dispatch, LISTENER, Listener, rang};
use crate::fixture::{self, ECHO, Echo, Gate, HANG, Hung, PANIC, Text, call_of, connect};
use crate::host::provision;

static SPEC: ServiceSpec = ServiceSpec { consumes: LISTENER.consumes, ..fixture::SPEC };

/// Answers calls and hears events. A call of `PANIC` holds its thread instead.
struct Both {
    echo: Echo,
    listener: Dispatch,
    gate: Arc<Gate>,
}

impl Service for Both {
    fn spec(&self) -> &'static ServiceSpec {
        &SPEC
    }

    fn call(&self, method: usize, call: Incoming) {
        if method != PANIC {
            return self.echo.call(method, call);
        }
        let gate = Arc::clone(&self.gate);
        call.unary(move |_: Context, request: Text| async move {
            // The first holds the task that reads, the others tasks of their own.
            if request.number > 0 {
                tokio::task::yield_now().await;
            }
            gate.pass();
            Ok(request)
        });
    }

    fn consume(&self, consumer: usize, delivery: Delivery) -> BoxFuture<'static, Result<()>> {
        self.listener.consume(consumer, delivery)
    }
}

/// A host that serves both.
struct Hosted {
    client: Connection,
    hung: Arc<Hung>,
    gate: Arc<Gate>,
    stop: Arc<Notify>,
    running: JoinHandle<Result<()>>,
    server: NatsServer,
}

impl Hosted {
    /// Serves, and has the listener hear one event.
    async fn start(
        drain: Duration,
        listener: impl FnOnce(&Connection, &Arc<Gate>) -> Arc<Listener>,
    ) -> Self {
        let server = NatsServer::start().await.unwrap();
        let client = connect(&server, "client").await;
        provision(&client).await.unwrap();
        let (hung, gate, stop) = <(Arc<Hung>, Arc<Gate>, Arc<Notify>)>::default();
        let listener = listener(&client, &gate);
        let config = Config {
            drain,
            weak_storage: true,
            ready_file: Some(server.folder().join("ready")),
            ..Config::at(server.url())
        };
        let (hanging, holding, heard) =
            (Arc::clone(&hung), Arc::clone(&gate), Arc::clone(&listener));
        let host = Host::new(config).service("both", |connection| async move {
            let echo = Echo { connection, hung: hanging, name: "" };
            let service: Arc<dyn Service> =
                Arc::new(Both { echo, listener: Dispatch(heard), gate: holding });
            Ok(service)
        });
        let (tell, ready) = oneshot::channel();
        let host = host.on_ready(move || tell.send(()).unwrap());
        let stopping = Arc::clone(&stop);
        let running = tokio::spawn(host.run_until(async move { stopping.notified().await }));
        ready.await.unwrap();
        client.publish(&rang(1)).await.unwrap();
        listener.until(|heard| heard.contains_key(&1)).await;
        Self { client, hung, gate, stop, running, server }
    }

    fn call(&self, method: usize, number: u64) -> JoinHandle<Result<Text>> {
        let call = call_of(&self.client, method, Text::number(number));
        tokio::spawn(call.timeout(Duration::from_mins(1)))
    }

    /// Has it end, within a time.
    async fn end(&mut self, within: Duration) {
        self.stop.notify_one();
        let ended = timeout(within, &mut self.running).await;
        self.gate.open();
        ended.expect("it ends in time").unwrap().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_of_events_and_of_calls_that_hang_have_one_grace() {
    const GRACE: Duration = Duration::from_secs(4);
    let mut hosted = Hosted::start(GRACE, |_, _| Listener::new(|_, _| pending())).await;
    let hanging = hosted.call(HANG, 0);
    hosted.hung.started(1).await;
    hosted.end(GRACE * 7 / 4).await;
    let status = hanging.await.unwrap().unwrap_err();
    assert!(status.message().contains("the instance stopped"), "{status}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_of_an_event_still_reaches_its_own_service() {
    let (go_on, answer) = <(Arc<Notify>, Arc<Mutex<Option<Result<Text>>>>)>::default();
    let mut hosted = Hosted::start(Duration::from_secs(25), |client, _| {
        let (client, go_on, answer) = (client.clone(), Arc::clone(&go_on), Arc::clone(&answer));
        Listener::new(move |_, _| {
            let (client, go_on, answer) = (client.clone(), Arc::clone(&go_on), Arc::clone(&answer));
            async move {
                go_on.notified().await;
                *answer.lock().unwrap() = Some(call_of(&client, ECHO, Text::number(7)).await);
                Ok(())
            }
        })
    })
    .await;
    hosted.stop.notify_one();
    let ready = hosted.server.folder().join("ready");
    while ready.exists() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    go_on.notify_one();
    hosted.end(Duration::from_secs(20)).await;
    let answer = answer.lock().unwrap().take();
    assert_eq!(answer, Some(Ok(Text::number(7))));
}

/// Wakes a thread of the runtime that has nothing to do, again and again: where a handler holds the one that minds the
/// clock, tokio has no other mind it before that.
struct Waker(Arc<AtomicBool>);

impl Waker {
    fn start() -> Self {
        let (ended, runtime) = (Arc::new(AtomicBool::new(false)), Handle::current());
        let waker = Self(Arc::clone(&ended));
        std::thread::spawn(move || {
            while !ended.load(Ordering::Relaxed) {
                runtime.spawn(std::future::ready(()));
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        waker
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 6)]
#[ignore = "what a held thread had next in its slot can be run by no other, so now and then it never ends"]
async fn handlers_that_hold_their_threads_are_left_behind() {
    let _waker = Waker::start();
    let mut hosted = Hosted::start(Duration::from_secs(1), |_, gate| {
        let gate = Arc::clone(gate);
        Listener::new(move |_, _| {
            let gate = Arc::clone(&gate);
            async move {
                gate.pass();
                Ok(())
            }
        })
    })
    .await;
    let calls = [hosted.call(PANIC, 1), hosted.call(PANIC, 2)];
    hosted.gate.held(3).await;
    let last = hosted.call(PANIC, 0);
    hosted.gate.held(4).await;
    hosted.end(Duration::from_secs(20)).await;
    for call in calls.into_iter().chain([last]) {
        call.abort();
    }
}
