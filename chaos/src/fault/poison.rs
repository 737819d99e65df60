//! Some events can't be handled, ever; and while that is found out, the leader of the dead letters dies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bodybroker_runtime::durable::Start;
use bodybroker_runtime::event::{Tuning, start_consumers_with};
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::{Connection, IntoService as _, Result, Status};
use prost::Message as _;

use super::Fault;
use crate::api::chaos::v1::{ChaosServer, Noted};
use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::{DEAD_LETTERS, Stage};
use crate::worker::Worker;

pub(super) const FAULT: Fault = Fault {
    name: "poison",
    about: "every tenth event fails for ever: one dead letter each, saying where from and why, and the rest is handled",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// Events of a round.
const EVENTS: u64 = 100;
/// Every so many is poison.
const POISON: u64 = 10;
/// Deliveries until an event is given up.
const DELIVERIES: u64 = 3;
/// Time in which all must be handled or given up.
const DONE_MAX: Duration = Duration::from_mins(1);
/// Pause between looks.
const LOOK: Duration = Duration::from_millis(50);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let mut stage = Stage::start().await?;
    let connection = stage.connect("client").await?;
    let worker = Arc::new(Worker::new("worker").handler(|event| {
        if event.id % POISON == 0 { Err(Status::internal("this is poison")) } else { Ok(()) }
    }));
    let service = ChaosServer::from(Arc::clone(&worker)).into_service();
    let tuning = Tuning {
        deliveries_max: DELIVERIES,
        ack_wait: Duration::from_secs(5),
        backoff: vec![Duration::from_millis(100)],
        ..Tuning::default()
    };
    let consumers = start_consumers_with(&connection, &service, tuning).await?;
    let ledger = Ledger::default();
    let mut last = 0;
    for _ in plan.rounds().take(3) {
        for id in (last + 1..).take(usize::try_from(EVENTS).unwrap_or_default()) {
            let began = Instant::now();
            let told = Told::of(&connection.publish(&Noted { by: "poison".to_owned(), id }).await);
            let (kind, ended) = (Kind::Note, Instant::now());
            ledger.note(Entry { kind, client: 0, id, began, ended, told });
            last = id;
        }
        let leader = stage.cluster.leader(DEAD_LETTERS).await?;
        let killed = Instant::now();
        stage.cluster.kill(leader);
        while !done(&worker, &connection, last).await && killed.elapsed() < DONE_MAX {
            tokio::time::sleep(LOOK).await;
        }
        outcome.recovered(killed.elapsed());
        stage.cluster.restart(leader).await?;
        stage.replicated().await?;
    }
    consumers.drain().await;
    judge(outcome, &ledger.entries(), &worker, &letters(&connection).await?);
    Ok(())
}

/// Whether every event has been handled or given up.
async fn done(worker: &Worker, connection: &Connection, last: u64) -> bool {
    let handled = worker.events();
    let Ok(letters) = letters(connection).await else { return false };
    (1..=last).all(|id| {
        if id % POISON == 0 { letters.contains_key(&id) } else { handled.contains_key(&id) }
    })
}

/// The dead letters of each event, as the headers they bear.
async fn letters(connection: &Connection) -> Result<BTreeMap<u64, Vec<Vec<(String, String)>>>> {
    let all = Filter::literal(">");
    let mut letters: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for letter in connection.durable().snapshot(DEAD_LETTERS, &all, Start::All).await? {
        let id = Noted::decode(&*letter.payload).map(|noted| noted.id).unwrap_or_default();
        let headers = letter.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        letters.entry(id).or_default().push(headers);
    }
    Ok(letters)
}

fn judge(
    outcome: &mut Outcome,
    entries: &[Entry],
    worker: &Worker,
    letters: &BTreeMap<u64, Vec<Vec<(String, String)>>>,
) {
    outcome.count(entries);
    let handled = worker.events();
    for entry in entries.iter().filter(|entry| entry.told == Told::Acknowledged) {
        let buried = letters.get(&entry.id).map_or(0, Vec::len);
        let poison = entry.id.is_multiple_of(POISON);
        outcome.duplicated += buried.saturating_sub(usize::from(poison));
        let there = if poison { buried > 0 } else { handled.contains_key(&entry.id) };
        outcome.lost += usize::from(!there);
    }
    for headers in letters.values().flatten() {
        let says = |name: &str, wanted: &str| {
            headers
                .iter()
                .any(|(found, value)| found.eq_ignore_ascii_case(name) && value.contains(wanted))
        };
        let whole = says("Bb-Dead-Stream", "NOTES")
            && says("Bb-Dead-Sequence", "")
            && says("Bb-Dead-Subject", "evt.chaos.noted.v1.poison")
            && says("Bb-Dead-Consumer", "")
            && says("Bb-Dead-Deliveries", "")
            && says("Bb-Dead-Reason", "this is poison");
        outcome.must(whole, format!("a dead letter does not say what it is: {headers:?}"));
    }
    outcome.note(format!("{} dead letters", letters.len()));
}
