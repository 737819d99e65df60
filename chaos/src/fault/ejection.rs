//! Instances of a service fall ill and get well again while they are called.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bodybroker_runtime::config::Config;
use bodybroker_runtime::host::Host;
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Connection, Result, Status};
use futures::future::{join_all, try_join_all};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::Fault;
use super::calls::Caller;
use crate::api::chaos::v1::{ChaosClient, ChaosServer, REGISTERS_BUCKET, STREAMS};
use crate::audit;
use crate::ledger::Ledger;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;
use crate::worker::Worker;

pub(super) const FAULT: Fault = Fault {
    name: "ejection",
    about: "of three instances one falls ill, then all: who isn't needed leaves and is back later, the last stays, no call fails",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// How long an instance stays away the first time; twice as long each time it falls ill again.
const AWAY: Duration = Duration::from_secs(1);
/// Times that one instance falls ill by itself.
const TIMES_MIN: usize = 2;
const TIMES_MAX: usize = 4;
/// Calls under way at once.
const CALLERS: usize = 8;
/// What a call takes.
const WORK_MS: u32 = 5;
/// Time that a call has.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Calls in a row of which an instance gets none, if it takes none. One of three would by chance in one of 10^14 cases.
const ELSEWHERE: u64 = 80;
/// How long all are ill: each asks some times whether it may leave.
const ALL_ILL: Duration = Duration::from_millis(1_500);
/// What should happen does long before.
const PATIENCE: Duration = Duration::from_secs(40);
/// Pause between looks.
const LOOK: Duration = Duration::from_millis(2);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let server = NatsServer::start().await?;
    let provisioner = Provisioner::new().streams(STREAMS).buckets(&[&REGISTERS_BUCKET]);
    let connection = connect(&server.url(), "client").await?;
    provisioner.allow_fewer_replicas().apply(&connection).await?;
    let instances = try_join_all((0..3).map(|_| Instance::start(&server))).await?;
    let workers: Vec<_> = instances.iter().map(|instance| Arc::clone(&instance.worker)).collect();
    let calls = Calls::new(&connection);
    let falling_ill = async {
        let fallen = fall_ill(plan, outcome, instances, &calls).await;
        calls.over.store(true, Ordering::Relaxed);
        fallen
    };
    let ((), fallen) = tokio::join!(calls.make(), falling_ill);
    try_join_all(fallen?.into_iter().map(Instance::end)).await?;
    audit::flawless(outcome, &calls.caller.ledger, &workers);
    Ok(())
}

/// Has one fall ill some times, then all, and then ends one of the two that stay; returns the others.
async fn fall_ill(
    plan: &Plan,
    outcome: &mut Outcome,
    mut instances: Vec<Instance>,
    calls: &Calls,
) -> Result<Vec<Instance>> {
    for instance in &instances {
        instance.takes_calls().await?;
    }
    let (began, mut away) = (Instant::now(), AWAY);
    for time in 0..plan.rounds_max.clamp(TIMES_MIN, TIMES_MAX) {
        if time >= TIMES_MIN && began.elapsed() + away > plan.time_max {
            break;
        }
        let was_away = alone(outcome, &instances[0], calls).await?;
        outcome.must(was_away >= away, format!("back after {was_away:.1?}, not {away:?}"));
        away *= 2;
    }
    // Two of three stay, however ill.
    for instance in &instances {
        instance.is_well(false);
    }
    let left = first_to_leave(&instances, calls).await?;
    let left = instances.swap_remove(left);
    tokio::time::sleep(ALL_ILL).await;
    for instance in &instances {
        instance.takes_calls().await?;
    }
    outcome.must(left.has_left(calls).await?, "who had left was given calls while it was ill");
    // The last one stays, too.
    if let Some(other) = instances.pop() {
        other.end().await?;
    }
    tokio::time::sleep(ALL_ILL).await;
    for instance in &instances {
        instance.takes_calls().await?;
    }
    instances.push(left);
    let well = Instant::now();
    for instance in &instances {
        instance.is_well(true);
        instance.takes_calls().await?;
    }
    outcome.recovered(well.elapsed());
    Ok(instances)
}

/// One falls ill, leaves, gets well and comes back; tells how long it was given no calls.
async fn alone(outcome: &mut Outcome, instance: &Instance, calls: &Calls) -> Result<Duration> {
    instance.is_well(false);
    let ill = Instant::now();
    in_time("an ill instance does not leave", async || instance.has_left(calls).await).await?;
    let last = instance.worker.acted_at().unwrap_or(ill);
    outcome.note(format!("left after {:.1?}", last.saturating_duration_since(ill)));
    instance.is_well(true);
    let well = Instant::now();
    instance.takes_calls().await?;
    outcome.recovered(well.elapsed());
    Ok(last.elapsed())
}

/// Which instance takes no calls any more.
async fn first_to_leave(instances: &[Instance], calls: &Calls) -> Result<usize> {
    let mut left = None;
    in_time("of three that are ill none leaves", async || {
        let looks = instances.iter().map(|instance| instance.has_left(calls));
        left = try_join_all(looks).await?.iter().position(|left| *left);
        Ok(left.is_some())
    })
    .await?;
    left.ok_or_else(|| Status::internal("it has left"))
}

/// An instance whose health is what it is told to be.
struct Instance {
    worker: Arc<Worker>,
    well: Arc<AtomicBool>,
    stop: Arc<Notify>,
    host: JoinHandle<Result<()>>,
}

impl Instance {
    async fn start(server: &NatsServer) -> Result<Self> {
        let config = Config { eject: Some(AWAY), weak_storage: true, ..Config::at(server.url()) };
        let (worker, stop) = (Arc::new(Worker::new("worker")), Arc::new(Notify::new()));
        let well = Arc::new(AtomicBool::new(true));
        let (told, serving, stopping) = (Arc::clone(&well), Arc::clone(&worker), Arc::clone(&stop));
        let (tell, ready) = oneshot::channel();
        let host = Host::new(config)
            .service("worker", move |connection: Connection| async move {
                connection.check("its mood", move || {
                    let well = told.load(Ordering::Relaxed);
                    async move { if well { Ok(()) } else { Err(Status::unavailable("it is ill")) } }
                });
                Ok(ChaosServer::from(serving))
            })
            .on_ready(move || {
                // Who waits may have given up.
                let _ = tell.send(());
            })
            .run_until(async move { stopping.notified().await });
        let host = tokio::spawn(host);
        ready.await.map_err(|_| Status::unavailable("an instance does not start"))?;
        Ok(Self { worker, well, stop, host })
    }

    fn is_well(&self, well: bool) {
        self.well.store(well, Ordering::Relaxed);
    }

    /// Waits until it is given calls.
    async fn takes_calls(&self) -> Result<()> {
        let before = self.worker.acted_at();
        in_time("an instance is given no calls", async || Ok(self.worker.acted_at() > before)).await
    }

    /// Whether all of some calls are given to others.
    async fn has_left(&self, calls: &Calls) -> Result<bool> {
        let (before, made) = (self.worker.acted_at(), calls.done.load(Ordering::Relaxed));
        in_time("no calls are answered", async || {
            Ok(calls.done.load(Ordering::Relaxed) >= made + ELSEWHERE)
        })
        .await?;
        Ok(self.worker.acted_at() == before)
    }

    async fn end(self) -> Result<()> {
        self.stop.notify_one();
        self.host.await.map_err(|_| Status::internal("an instance panicked"))?
    }
}

/// Calls with an effect, which nothing repeats.
struct Calls {
    caller: Caller,
    made: AtomicU64,
    done: AtomicU64,
    over: AtomicBool,
}

impl Calls {
    fn new(connection: &Connection) -> Self {
        let caller = Caller::new(ChaosClient::new(connection), &Ledger::default());
        let (made, done) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { caller, made, done, over: AtomicBool::new(false) }
    }

    /// Makes them without a pause until they are over.
    async fn make(&self) {
        join_all((0..CALLERS).map(async |_| {
            while !self.over.load(Ordering::Relaxed) {
                let id = self.made.fetch_add(1, Ordering::Relaxed) + 1;
                // What became of it is in the ledger.
                let _ = self.caller.act(id, WORK_MS, Some(TIMEOUT)).await;
                self.done.fetch_add(1, Ordering::Relaxed);
            }
        }))
        .await;
    }
}

/// Waits until something is so.
async fn in_time(otherwise: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let waiting = async {
        while !is_so().await? {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    waited.unwrap_or_else(|_| Err(Status::unavailable(otherwise.to_owned())))
}
