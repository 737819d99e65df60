//! Calls that nobody waits for, streams that nobody reads to the end and connections that break, for a long time: none
//! of it may stay.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bodybroker_runtime::server::Server;
use bodybroker_runtime::testing::{NatsServer, Proxy};
use bodybroker_runtime::{Code, Connection, Result, Status};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::time::interval;

use super::Fault;
use super::calls::address;
use crate::api::chaos::v1::{ChaosClient, ChaosServer, CountRequest, LookRequest};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;
use crate::worker::Worker;

mod account;
mod memory;

use memory::Memory;

pub(super) const FAULT: Fault = Fault {
    name: "soak",
    about: "1000 calls a second time out, streams are left half-way, connections break: memory stays flat, nothing is left",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// Calls that time out, a second.
const HASTY_PER_S: u32 = 1_000;
/// What such a call has; its handler would take much longer.
const HASTE: Duration = Duration::from_millis(5);
const HASTY_WORK_MS: u32 = 1_000;
/// Calls that are answered, a second.
const PATIENT_PER_S: u32 = 100;
/// Streams that are left half-way, a second.
const STREAMS_PER_S: u32 = 20;
/// Frames after which they are: a producer has sent more by then.
const FRAMES: usize = 10;
/// Time that calls have which are answered, and streams until they are left.
const PATIENCE: Duration = Duration::from_secs(2);
/// So often all connections break.
const CUTS: u32 = 20;
/// But not more often than they come back.
const CUT_PAUSE_MIN: Duration = Duration::from_secs(2);
/// Calls are begun together that are due within this.
const TICK: Duration = Duration::from_millis(10);
/// Time in which everything must have ended once nothing is begun any more.
const END_MAX: Duration = Duration::from_secs(20);
/// Pause between two looks at it.
const LOOK: Duration = Duration::from_millis(20);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let scene = Scene::start().await?;
    scene.is_usual().await?;
    let subscriptions = scene.subscriptions().await?;
    let (began, end) = (Instant::now(), Instant::now() + plan.time_max);
    let (tally, mut memory) = (Tally::default(), Memory::new(began, plan.time_max));
    tokio::join!(
        paced(HASTY_PER_S, end, || hasty(&scene.client, &tally)),
        paced(PATIENT_PER_S, end, || patient(&scene.client, &tally)),
        paced(STREAMS_PER_S, end, || stream(&scene.client, &tally)),
        cut(&scene.proxy, end, (plan.time_max / CUTS).max(CUT_PAUSE_MIN)),
        memory.watch(end),
    );
    tally.tell(outcome);
    memory.judge(outcome);
    let stopped = Instant::now();
    scene.is_usual().await?;
    let left = scene.left(subscriptions, stopped + END_MAX).await?;
    outcome.recovered(stopped.elapsed());
    outcome.note(format!(
        "{} connections made through the proxy, {} slots, {subscriptions} subscriptions",
        scene.proxy.accepted(),
        scene.connection.mux().slots()
    ));
    outcome.must(left.is_none(), format!("after {END_MAX:?}: {}", left.unwrap_or_default()));
    Ok(())
}

/// A worker and a client, whose connections pass through a proxy.
struct Scene {
    server: NatsServer,
    proxy: Proxy,
    serving: Connection,
    instance: Server,
    connection: Connection,
    client: ChaosClient,
}

impl Scene {
    async fn start() -> Result<Self> {
        let server = NatsServer::builder().config(account::CONFIG).start().await?;
        let proxy = Proxy::to(address(&server)).await?;
        let serving = connect(&proxy.url(), "worker").await?;
        let instance = serving.serve(ChaosServer::new(Worker::new("worker"))).await?;
        let connection = connect(&proxy.url(), "client").await?;
        let client = ChaosClient::new(&connection);
        Ok(Self { server, proxy, serving, instance, connection, client })
    }

    /// Waits until a call is answered.
    async fn is_usual(&self) -> Result<()> {
        let began = Instant::now();
        loop {
            match self.client.look(LookRequest { work_ms: 0 }).timeout(PATIENCE).await {
                Ok(_) => return Ok(()),
                Err(status) if began.elapsed() > END_MAX => return Err(status),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// Subscriptions that the server keeps for all connections.
    async fn subscriptions(&self) -> Result<usize> {
        account::subscriptions(&self.server.url()).await
    }

    /// What is left of all that was begun, in words; waits for nothing to be.
    async fn left(&self, subscriptions: usize, until: Instant) -> Result<Option<String>> {
        loop {
            let calls = [&self.connection, &self.serving].map(|one| one.mux().in_flight());
            let streams = [&self.connection, &self.serving].map(|one| one.mux().streams());
            let handlers = self.instance.in_flight();
            let kept = self.subscriptions().await?;
            if (calls, streams, handlers, kept) == ([0; 2], [0; 2], 0, subscriptions) {
                return Ok(None);
            }
            if Instant::now() > until {
                return Ok(Some(format!(
                    "{calls:?} calls wait, {streams:?} streams are open, {handlers} handlers run, and the server \
                     keeps {kept} subscriptions, not {subscriptions}"
                )));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// What became of what was begun.
#[derive(Debug, Default)]
struct Tally {
    answered: AtomicUsize,
    left: AtomicUsize,
    timed_out: AtomicUsize,
    shed: AtomicUsize,
    cut: AtomicUsize,
    odd: Mutex<Vec<String>>,
}

impl Tally {
    fn failed(&self, status: &Status) {
        let count = match status.code() {
            Code::DeadlineExceeded => &self.timed_out,
            Code::ResourceExhausted => &self.shed,
            Code::Unavailable => &self.cut,
            _ => return self.odd(status.to_string()),
        };
        count.fetch_add(1, Relaxed);
    }

    fn odd(&self, words: String) {
        self.odd.lock().unwrap_or_else(PoisonError::into_inner).push(words);
    }

    fn tell(self, outcome: &mut Outcome) {
        let [answered, left, timed_out, shed, cut] =
            [&self.answered, &self.left, &self.timed_out, &self.shed, &self.cut]
                .map(|count| count.load(Relaxed));
        outcome.sent = answered + left + timed_out + shed + cut;
        outcome.acknowledged = answered + left;
        outcome.refused = shed;
        outcome.failed = timed_out + cut;
        outcome.note(format!(
            "{timed_out} calls timed out, {answered} were answered, {left} streams were left half-way; {cut} of all \
             failed with their connection"
        ));
        outcome.must(timed_out > 0 && left > 0, "nothing was left to leave anything behind");
        let odd = self.odd.into_inner().unwrap_or_else(PoisonError::into_inner);
        let some = odd.first().cloned().unwrap_or_default();
        outcome.must(odd.is_empty(), format!("{} ended oddly, the first so: {some}", odd.len()));
    }
}

/// Begins something so often a second, whatever has become of what was begun before; waits for the rest at the end.
async fn paced<F>(per_s: u32, end: Instant, begin: impl Fn() -> F)
where
    F: Future<Output = ()>,
{
    let mut under_way = FuturesUnordered::new();
    let mut pace = interval(TICK);
    let (mut due, each) = (0.0, f64::from(per_s) * TICK.as_secs_f64());
    while Instant::now() < end {
        tokio::select! {
            biased;
            _ = pace.tick() => {
                due += each;
                while due >= 1.0 {
                    due -= 1.0;
                    under_way.push(begin());
                }
            }
            Some(()) = under_way.next() => {}
        }
    }
    while under_way.next().await.is_some() {}
}

/// A call that has no time to be answered.
async fn hasty(client: &ChaosClient, tally: &Tally) {
    match client.look(LookRequest { work_ms: HASTY_WORK_MS }).timeout(HASTE).await {
        Ok(_) => tally.odd("a call was answered in no time".to_owned()),
        Err(status) => tally.failed(&status),
    }
}

/// A call that is answered.
async fn patient(client: &ChaosClient, tally: &Tally) {
    match client.look(LookRequest { work_ms: 0 }).timeout(PATIENCE).await {
        Ok(_) => drop(tally.answered.fetch_add(1, Relaxed)),
        Err(status) => tally.failed(&status),
    }
}

/// A stream that is left half-way.
async fn stream(client: &ChaosClient, tally: &Tally) {
    let reading = async {
        let mut numbers = client.count(CountRequest {}).await?;
        for _ in 0..FRAMES {
            numbers.message().await?;
        }
        Ok::<_, Status>(())
    };
    match reading.await {
        Ok(()) => drop(tally.left.fetch_add(1, Relaxed)),
        Err(status) => tally.failed(&status),
    }
}

/// Breaks all connections now and then.
async fn cut(proxy: &Proxy, end: Instant, pause: Duration) {
    while Instant::now() + pause < end {
        tokio::time::sleep(pause).await;
        proxy.cut();
    }
}
