//! A worker dies while it handles calls that nothing makes repeatable.

use std::time::{Duration, Instant};

use bodybroker_runtime::Result;
use futures::future::join_all;

use super::Fault;
use super::calls::Caller;
use crate::api::chaos::v1::ChaosClient;
use crate::audit;
use crate::ledger::{Kind, Ledger};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::worker::Process;

pub(super) const FAULT: Fault = Fault {
    name: "worker-kill",
    about: "one of two workers is killed amid its calls: none runs twice, and none is said to be done that isn't",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// Calls under way when the worker dies.
const CALLS: u64 = 32;
/// What a call takes after its effect.
const WORK_MS: u32 = 500;
/// A call may be told late by so much, on a busy machine.
const SLACK: Duration = Duration::from_secs(1);
/// The schema's time-out.
const TIMEOUT: Duration = Duration::from_secs(2);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let stage = Stage::start().await?;
    let url = stage.cluster.url();
    let connection = stage.connect("client").await?;
    let ledger = Ledger::default();
    let caller = Caller::new(ChaosClient::new(&connection), &ledger);
    let mut workers = vec![Process::start(plan, &url, "worker").await?];
    for round in plan.rounds().take(5) {
        workers.push(Process::start(plan, &url, "worker").await?);
        let first = round as u64 * CALLS + 1;
        let seen = traces(&connection).await?;
        let calls = (first..first + CALLS).map(|id| caller.act(id, WORK_MS, None));
        let kill = async {
            // All have had their effect, and none has answered.
            while traces(&connection).await? < seen + CALLS {}
            workers.swap_remove(0).kill().await;
            let killed = Instant::now();
            caller.recovered(killed).await
        };
        let (_, recovery) = tokio::join!(join_all(calls), kill);
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
