//! The same events are published again: after the death of the leader that took them, and after everything was down.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bodybroker_runtime::event::Publication;
use bodybroker_runtime::{Connection, Result};
use futures::StreamExt as _;

use super::Fault;
use crate::api::chaos::v1::Noted;
use crate::audit;
use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::{NOTES, Stage};

pub(super) const FAULT: Fault = Fault {
    name: "dedupe",
    about: "events are published again under their ids after their leader's death and a restart of all servers",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// Events of a round.
const EVENTS: u64 = 200;
/// Publications under way at once.
const AT_ONCE: usize = 32;
/// Time in which all must have been taken.
const PUBLISHED_MAX: Duration = Duration::from_mins(1);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let mut stage = Stage::start().await?;
    let connection = stage.connect("publisher").await?;
    let ledger = Ledger::default();
    for round in plan.rounds().take(3) {
        let first = EVENTS * round as u64 + 1;
        let leader = stage.cluster.leader(NOTES).await?;
        // The leader dies amid the first publications.
        let mut dying = std::pin::pin!(publish(&connection, &ledger, first));
        let amid = tokio::time::timeout(Duration::from_millis(50), &mut dying).await;
        let killed = Instant::now();
        stage.cluster.kill(leader);
        if amid.is_err() {
            dying.await;
        }
        let recovery = ledger.recovery(killed, |_| true).unwrap_or(PUBLISHED_MAX);
        publish(&connection, &ledger, first).await;
        stage.cluster.restart(leader).await?;
        stage.replicated().await?;
        for server in 0..stage.cluster.len() {
            stage.cluster.kill(server);
        }
        for server in 0..stage.cluster.len() {
            stage.cluster.restart(server).await?;
        }
        publish(&connection, &ledger, first).await;
        stage.replicated().await?;
        outcome.recovered(recovery);
    }
    let entries = ledger.entries();
    outcome.count(&entries);
    let acknowledged = acknowledged(&entries);
    let taken = acknowledged.entries().len();
    outcome.note(format!("{taken} events, each published three times or more"));
    let all: BTreeSet<_> = entries.iter().map(|entry| entry.id).collect();
    outcome.must(taken == all.len(), "some events were never acknowledged");
    let auditor = stage.connect("auditor").await?;
    let mut whole = Outcome::default();
    audit::streams(&mut whole, &auditor, &acknowledged).await?;
    outcome.lost = whole.lost;
    outcome.duplicated = whole.duplicated;
    Ok(())
}

/// Publishes every event until it is acknowledged.
async fn publish(connection: &Connection, ledger: &Ledger, first: u64) {
    let until = Instant::now() + PUBLISHED_MAX;
    let publishing = futures::stream::iter(first..first + EVENTS).map(async |id| {
        while Instant::now() < until {
            let began = Instant::now();
            let noted = Noted { by: "dedupe".to_owned(), id };
            let how = Publication::new().id(format!("dedupe-{id}"));
            let told = Told::of(&connection.publish_as(&noted, how).await);
            let (kind, ended) = (Kind::Note, Instant::now());
            ledger.note(Entry { kind, client: 0, id, began, ended, told: told.clone() });
            if told == Told::Acknowledged {
                return;
            }
        }
    });
    publishing.buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// One acknowledgement of each event is enough to judge it.
fn acknowledged(entries: &[Entry]) -> Ledger {
    let acknowledged = entries.iter().filter(|entry| entry.told == Told::Acknowledged);
    let one: BTreeMap<_, _> = acknowledged.map(|entry| (entry.id, entry.clone())).collect();
    let ledger = Ledger::default();
    for entry in one.into_values() {
        ledger.note(entry);
    }
    ledger
}
