//! Ten times as many calls come as a worker can handle.

use std::time::{Duration, Instant};

use bodybroker_runtime::{Code, Result};
use futures::future::join_all;

use super::Fault;
use super::calls::Pair;
use crate::audit;
use crate::ledger::Kind;
use crate::outcome::Outcome;
use crate::plan::Plan;

pub(super) const FAULT: Fault = Fault {
    name: "slow-consumer",
    about: "ten times the calls that a worker can handle: the rest is sent away at once, told when to come again",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// What a call takes; with the 32 at once that the schema allows, a worker handles 160 a second.
const WORK_MS: u32 = 200;
/// Calls of a burst, which lasts a second.
const BURST: u64 = 1_600;
/// Pause between two calls of a burst.
const PAUSE: Duration = Duration::from_micros(625);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let pair = Pair::start().await?;
    let caller = pair.caller().await?;
    caller.recovered(Instant::now()).await?;
    let (mut untold, mut timeouts) = (0, 0);
    for round in plan.rounds().take(5) {
        let mut calls = Vec::new();
        for id in (round as u64 * BURST..).take(usize::try_from(BURST).unwrap_or_default()) {
            let caller = caller.clone();
            calls.push(tokio::spawn(async move { caller.act(id, WORK_MS, None).await }));
            tokio::time::sleep(PAUSE).await;
        }
        outcome.recovered(caller.recovered(Instant::now()).await?);
        for result in join_all(calls).await.into_iter().flatten() {
            let Err(status) = result else { continue };
            if status.code() != Code::ResourceExhausted {
                timeouts += 1;
            } else if status.retry_after().is_none() {
                untold += 1;
            }
        }
    }
    let entries = pair.ledger.entries();
    outcome.count(&entries);
    outcome.must(timeouts == 0, format!("{timeouts} calls ended in something but a refusal"));
    outcome.must(untold == 0, format!("{untold} calls were not told when to come again"));
    outcome.must(outcome.refused > 0, "nothing was refused: it was no burst");
    let slow = pair.server.log().matches("Slow Consumer").count();
    outcome.must(slow == 0, format!("the server complained {slow} times of a slow consumer"));
    audit::effects(outcome, Kind::Act, &entries, &pair.worker.calls());
    Ok(())
}
