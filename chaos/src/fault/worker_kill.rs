//! A worker dies while it handles calls that nothing makes repeatable.

use std::time::{Duration, Instant};

use bodybroker_runtime::Result;
use futures::future::join_all;

use super::Fault;
use super::calls::Caller;
use crate::api::chaos::v1::{ChaosClient, Noted};
use crate::audit;
use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::worker::{ACK_WAIT, Part, Process};

pub(super) const CALLS: Fault = Fault {
    name: "worker-kill",
    about: "one of two workers is killed amid its calls: none runs twice, and none is said to be done that isn't",
    run: |plan, outcome| Box::pin(calls(plan, outcome)),
};

pub(super) const EVENTS: Fault = Fault {
    name: "worker-kill-events",
    about: "workers are killed amid their events, again and again: each event has its effect, and has it once",
    run: |plan, outcome| Box::pin(events(plan, outcome)),
};

/// Calls under way when the worker dies.
const AT_ONCE: u64 = 32;
/// What a call takes after its effect.
const WORK_MS: u32 = 500;
/// A call may be told late by so much, on a busy machine.
const SLACK: Duration = Duration::from_secs(1);
/// The schema's time-out.
const TIMEOUT: Duration = Duration::from_secs(2);

async fn calls(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let stage = Stage::start().await?;
    let url = stage.cluster.url();
    let connection = stage.connect("client").await?;
    let ledger = Ledger::default();
    let caller = Caller::new(ChaosClient::new(&connection), &ledger);
    let mut workers = vec![Process::start(plan, &url, Part::Calls).await?];
    for round in plan.rounds().take(5) {
        workers.push(Process::start(plan, &url, Part::Calls).await?);
        let first = round as u64 * AT_ONCE + 1;
        let seen = traces(&connection).await?;
        let acts = (first..first + AT_ONCE).map(|id| caller.act(id, WORK_MS, None));
        let kill = async {
            // All have had their effect, and none has answered.
            while traces(&connection).await? < seen + AT_ONCE {}
            workers.swap_remove(0).kill().await;
            let killed = Instant::now();
            caller.recovered(killed).await
        };
        let (_, recovery) = tokio::join!(join_all(acts), kill);
        outcome.recovered(recovery?);
    }
    let entries = ledger.entries();
    outcome.count(&entries);
    let acts: Vec<_> = entries.into_iter().filter(|entry| entry.kind == Kind::Act).collect();
    let longest = acts.iter().map(|entry| entry.ended - entry.began).max().unwrap_or_default();
    outcome.must(longest < TIMEOUT + SLACK, format!("a call was told after {longest:.1?}"));
    let effects = audit::stored_notes(&connection).await?;
    audit::effects(outcome, Kind::Act, &acts, &effects);
    Ok(())
}

/// Effects so far.
async fn traces(connection: &bodybroker_runtime::Connection) -> Result<u64> {
    audit::stored_notes(connection).await.map(|notes| notes.values().sum::<usize>() as u64)
}

/// Events of a round.
const EVENTS_COUNT: u64 = 200;
/// How long workers live.
const LIFE: Duration = Duration::from_secs(1);
/// Time in which all effects must be there.
const EFFECTS_MAX: Duration = Duration::from_mins(1);

async fn events(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let stage = Stage::start().await?;
    let url = stage.cluster.url();
    let connection = stage.connect("client").await?;
    let mut workers = Vec::new();
    for _ in 0..2 {
        workers.push(Process::start(plan, &url, Part::Events).await?);
    }
    let ledger = Ledger::default();
    for round in plan.rounds().take(5) {
        let first = round as u64 * EVENTS_COUNT + 1;
        let publishing = (first..first + EVENTS_COUNT).map(async |id| {
            let began = Instant::now();
            let told = Told::of(&connection.publish(&Noted { by: "events".to_owned(), id }).await);
            let (kind, ended) = (Kind::Note, Instant::now());
            ledger.note(Entry { kind, client: 0, id, began, ended, told });
        });
        join_all(publishing).await;
        for _ in 0..2 {
            tokio::time::sleep(LIFE).await;
            workers.swap_remove(0).kill().await;
            workers.push(Process::start(plan, &url, Part::Events).await?);
        }
        let killed = Instant::now();
        let wanted = usize::try_from(first + EVENTS_COUNT - 1).unwrap_or_default();
        while audit::stored_values(&connection).await?.len() < wanted {
            if killed.elapsed() > EFFECTS_MAX {
                break;
            }
        }
        outcome.recovered(killed.elapsed());
        // Whoever died after the effect said nothing of it: the event comes again.
        tokio::time::sleep(2 * ACK_WAIT).await;
    }
    let entries = ledger.entries();
    outcome.count(&entries);
    audit::effects(outcome, Kind::Note, &entries, &audit::stored_values(&connection).await?);
    Ok(())
}
