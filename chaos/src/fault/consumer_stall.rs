//! The leader of an idle consumer dies; events and changes must arrive afterwards all the same.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bodybroker_runtime::event::start_consumers;
use bodybroker_runtime::store::Change;
use bodybroker_runtime::{Connection, IntoService as _, Result};

use super::Fault;
use crate::api::chaos::v1::{ChaosServer, Noted, REGISTERS_BUCKET, Register};
use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::{NOTES, Stage};
use crate::worker::Worker;

pub(super) const FAULT: Fault = Fault {
    name: "consumer-stall",
    about: "the leader of an idle consumer is killed: the next event is handled, and a watch misses no revision",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// Events of a round, and values written.
const EVENTS: u64 = 10;
/// How long a consumer is idle before its leader dies: longer than a pull stands.
const IDLE: Duration = Duration::from_secs(2);
/// An election, and three heartbeats of a second.
const HANDLED_MAX: Duration = Duration::from_secs(15);
/// When waiting is given up.
const GIVEN_UP: Duration = Duration::from_mins(1);
/// Pause between looks.
const LOOK: Duration = Duration::from_millis(20);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let mut stage = Stage::start().await?;
    let connection = stage.connect("client").await?;
    let worker = Arc::new(Worker::new("worker"));
    let service = ChaosServer::from(Arc::clone(&worker)).into_service();
    let consumers = start_consumers(&connection, &service).await?;
    let seen = watch(&connection).await?;
    let ledger = Ledger::default();
    let mut last = 0;
    for _ in plan.rounds().take(5) {
        write(&connection, &ledger, &mut last).await?;
        tokio::time::sleep(IDLE).await;
        let consumer = service.spec().consumes[0].durable;
        let leader = stage.cluster.consumer_leader(NOTES, consumer).await?;
        stage.cluster.kill(leader);
        let killed = Instant::now();
        write(&connection, &ledger, &mut last).await?;
        let wanted = last;
        let all = |ids: &BTreeSet<u64>| (1..=wanted).all(|id| ids.contains(&id));
        loop {
            let handled: BTreeSet<_> = worker.events().into_keys().collect();
            let watched = all(&seen.lock().unwrap_or_else(PoisonError::into_inner));
            if (all(&handled) && watched) || killed.elapsed() > GIVEN_UP {
                break;
            }
            tokio::time::sleep(LOOK).await;
        }
        outcome.recovered(killed.elapsed());
        stage.cluster.restart(leader).await?;
        stage.replicated().await?;
    }
    consumers.drain().await;
    let entries = ledger.entries();
    outcome.count(&entries);
    let handled = worker.events();
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for entry in entries.iter().filter(|entry| entry.told == Told::Acknowledged) {
        let there = match entry.kind {
            Kind::Note => handled.contains_key(&entry.id),
            Kind::Swap | Kind::Act | Kind::Look => seen.contains(&entry.id),
        };
        outcome.lost += usize::from(!there);
    }
    let longest = outcome.recovery.unwrap_or_default();
    outcome.must(longest < HANDLED_MAX, format!("the consumer stalled for {longest:.1?}"));
    Ok(())
}

/// Publishes events and writes values, each until it is acknowledged.
async fn write(connection: &Connection, ledger: &Ledger, last: &mut u64) -> Result<()> {
    let store = connection.store::<Register>(&REGISTERS_BUCKET)?;
    for _ in 0..EVENTS {
        *last += 1;
        let id = *last;
        for kind in [Kind::Note, Kind::Swap] {
            let given_up = Instant::now() + GIVEN_UP;
            while Instant::now() < given_up {
                let began = Instant::now();
                let told = if kind == Kind::Note {
                    Told::of(&connection.publish(&Noted { by: "stall".to_owned(), id }).await)
                } else {
                    Told::of(&store.put("stall", &Register { value: id }).await)
                };
                let ended = Instant::now();
                ledger.note(Entry { kind, client: 0, id, began, ended, told: told.clone() });
                if told == Told::Acknowledged {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Watches the store; what it has shown is in the set.
async fn watch(connection: &Connection) -> Result<Arc<Mutex<BTreeSet<u64>>>> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let mut watch = connection.store::<Register>(&REGISTERS_BUCKET)?.watch_all().await?;
    let into = Arc::clone(&seen);
    connection.spawn("watch", async move {
        while let Some(change) = watch.next().await {
            if let Ok(Change::Put(entry)) = change {
                into.lock().unwrap_or_else(PoisonError::into_inner).insert(entry.value.value);
            }
        }
    });
    Ok(seen)
}
