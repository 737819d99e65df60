//! Redis, through which processes share kept answers, dies or swallows everything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::testing::{NatsServer, Proxy, RedisServer};
use bodybroker_runtime::{Connection, Result, Status};
use tokio_util::sync::CancellationToken;

use super::Fault;
use crate::api::chaos::v1::{ChaosClient, ChaosServer, RecallRequest, STREAMS, ValueChanged};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;
use crate::worker::Worker;

pub(super) const KILL: Fault = Fault {
    name: "redis-kill",
    about: "Redis dies and comes back empty: no call fails or is slow for it, and no answer is older than its event",
    run: |plan, outcome| Box::pin(run(plan, outcome, Trouble::Death)),
};

pub(super) const BLACK_HOLE: Fault = Fault {
    name: "redis-black-hole",
    about: "Redis swallows everything: no call fails or is slow for it, and no answer is older than its event",
    run: |plan, outcome| Box::pin(run(plan, outcome, Trouble::Silence)),
};

#[derive(Debug, Clone, Copy)]
enum Trouble {
    Death,
    Silence,
}

/// Values that change all the time.
const VALUES: usize = 8;
/// Time between changes.
const CHANGE: Duration = Duration::from_millis(10);
/// Time in which an event is heard, and some slack for a busy machine.
const HEARD_MAX: Duration = Duration::from_secs(1);
/// Time that a call may take, and some slack for a busy machine.
const CALL_MAX: Duration = Duration::from_millis(500);
/// How long things go well before, and go on after.
const CALM: Duration = Duration::from_secs(2);
/// Longest that it may take until answers are shared again.
const SHARED_MAX: Duration = Duration::from_secs(30);

async fn run(plan: &Plan, outcome: &mut Outcome, trouble: Trouble) -> Result<()> {
    let server = NatsServer::start().await?;
    let mut redis = RedisServer::start().await?;
    let proxy = Proxy::to(redis.address()).await?;
    let serving = connect(&server.url(), "worker").await?;
    Provisioner::new().streams(STREAMS).allow_fewer_replicas().apply(&serving).await?;
    let worker = Arc::new(Worker::new("worker"));
    let _server = serving.serve(ChaosServer::from(Arc::clone(&worker))).await?;
    let url = format!("redis://127.0.0.1:{}", proxy.port());
    let options = |name| Options::new(server.url(), name).redis(url.as_str());
    let (one, other) = (
        ChaosClient::new(&Connection::connect(options("one")).await?),
        ChaosClient::new(&Connection::connect(options("other")).await?),
    );
    let probe = Probe { one, other, worker: Arc::clone(&worker) };
    let load = Load::start(&serving, &worker, [&probe.one, &probe.other]);
    probe.until_shared().await?;
    for _ in plan.rounds().take(3) {
        tokio::time::sleep(CALM).await;
        match trouble {
            Trouble::Death => redis.kill(),
            Trouble::Silence => proxy.black_hole(),
        }
        tokio::time::sleep(plan.hold).await;
        match trouble {
            Trouble::Death => redis.restart().await?,
            Trouble::Silence => proxy.heal(),
        }
        outcome.recovered(probe.until_shared().await?);
        tokio::time::sleep(CALM).await;
    }
    load.judge(outcome).await
}

/// Finds out whether answers are shared.
struct Probe {
    one: ChaosClient,
    other: ChaosClient,
    worker: Arc<Worker>,
}

impl Probe {
    /// Waits until what one process was told another knows; how long that took.
    async fn until_shared(&self) -> Result<Duration> {
        let began = Instant::now();
        for number in 0.. {
            if began.elapsed() > SHARED_MAX {
                break;
            }
            let name = format!("probe-{number}-{}", began.elapsed().as_nanos());
            self.one.recall(RecallRequest { name: name.clone() }).await?;
            // It is stored a moment after it was given.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let asked = self.worker.asked();
            let told = self.other.recall(RecallRequest { name }).await;
            told?;
            // The load asks as well, so that it takes a quiet moment to tell.
            if self.worker.asked() == asked {
                return Ok(began.elapsed());
            }
        }
        Err(Status::unavailable("answers are not shared"))
    }
}

/// Changes, and those who recall.
struct Load {
    stop: CancellationToken,
    readers: Vec<tokio::task::JoinHandle<Seen>>,
    writer: tokio::task::JoinHandle<Result<u64>>,
}

/// What readers have seen.
#[derive(Debug, Default)]
struct Seen {
    sent: usize,
    failed: Vec<Status>,
    slowest: Duration,
    /// The oldest answer: how long after its successor's event was stored it was asked for.
    oldest: Duration,
}

/// When the event of each version was stored.
type Told = Arc<Mutex<BTreeMap<(usize, u64), Instant>>>;

impl Load {
    fn start(connection: &Connection, worker: &Arc<Worker>, clients: [&ChaosClient; 2]) -> Self {
        let (stop, told) = (CancellationToken::new(), Told::default());
        let writing =
            write(connection.clone(), Arc::clone(worker), Arc::clone(&told), stop.clone());
        let readers = clients
            .map(|client| tokio::spawn(read(client.clone(), Arc::clone(&told), stop.clone())));
        Self { stop, readers: readers.into(), writer: tokio::spawn(writing) }
    }

    async fn judge(self, outcome: &mut Outcome) -> Result<()> {
        let Self { stop, readers, writer } = self;
        stop.cancel();
        let lost = |_| Status::internal("the load panicked");
        outcome.note(format!("{} changes", writer.await.map_err(lost)??));
        for reader in readers {
            let Seen { sent, failed, slowest, oldest } = reader.await.map_err(lost)?;
            outcome.sent += sent;
            outcome.failed += failed.len();
            outcome.acknowledged += sent - failed.len();
            outcome.note(format!("slowest {slowest:.1?}, oldest {oldest:.1?}"));
            outcome.must(
                failed.is_empty(),
                format!("calls failed, such as with {:?}", failed.first()),
            );
            outcome.must(slowest < CALL_MAX, format!("a call took {slowest:.1?}"));
            let words = format!("an answer was given {oldest:.1?} after the event that ended it");
            outcome.must(oldest < HEARD_MAX, words);
        }
        Ok(())
    }
}

async fn write(
    connection: Connection,
    worker: Arc<Worker>,
    told: Told,
    stop: CancellationToken,
) -> Result<u64> {
    let mut changes = 0;
    while !stop.is_cancelled() {
        let value = usize::try_from(changes).unwrap_or_default() % VALUES;
        let name = name(value);
        let version = worker.change(&name);
        connection.publish(&ValueChanged { name }).await?;
        let now = Instant::now();
        told.lock().unwrap_or_else(PoisonError::into_inner).insert((value, version), now);
        changes += 1;
        tokio::time::sleep(CHANGE).await;
    }
    Ok(changes)
}

async fn read(client: ChaosClient, told: Told, stop: CancellationToken) -> Seen {
    let mut seen = Seen::default();
    while !stop.is_cancelled() {
        let value = seen.sent % VALUES;
        let began = Instant::now();
        let result = client.recall(RecallRequest { name: name(value) }).await;
        seen.sent += 1;
        seen.slowest = seen.slowest.max(began.elapsed());
        match result {
            Err(status) => seen.failed.push(status),
            Ok(answer) => {
                let told = told.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(ended) = told.get(&(value, answer.version + 1)) {
                    seen.oldest = seen.oldest.max(began.saturating_duration_since(*ended));
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    seen
}

fn name(value: usize) -> String {
    format!("value-{value}")
}
