//! A server stands still for longer than calls may take, and then reads what it was sent meanwhile.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bodybroker_runtime::Result;
use futures::future::join_all;

use super::Fault;
use super::calls::Pair;
use crate::ledger::Told;
use crate::outcome::Outcome;
use crate::plan::Plan;

pub(super) const EXPLICIT: Fault = Fault {
    name: "stale-buffer",
    about: "calls with a time-out of their own wait 3 s and 20 s in a buffer: none of them is handled after its end",
    run: |plan, outcome| Box::pin(run(plan, outcome, Some(Duration::from_millis(1_900)))),
};

pub(super) const SCHEMA: Fault = Fault {
    name: "stale-buffer-schema",
    about: "calls with the schema's time-out wait 3 s and 20 s in a buffer: none of them is handled after its end",
    run: |plan, outcome| Box::pin(run(plan, outcome, None)),
};

/// A server that stands still for so long isn't given up: what was sent to it stays where it is.
const BRIEF: Duration = Duration::from_secs(3);
/// Pause between calls.
const PAUSE: Duration = Duration::from_millis(50);
/// A call may be handled so long after its end, because the time is told in steps: 128 ms, and some for the timers.
const LATE_MAX: Duration = Duration::from_millis(350);
/// Time in which a worker has handled whatever the server had kept for it.
const SETTLED: Duration = Duration::from_secs(2);

async fn run(plan: &Plan, outcome: &mut Outcome, timeout: Option<Duration>) -> Result<()> {
    let pair = Pair::start().await?;
    let caller = pair.caller().await?;
    caller.recovered(Instant::now()).await?;
    let (mut id, mut in_time) = (0, BTreeSet::new());
    for hold in [BRIEF, plan.hold] {
        pair.server.pause();
        let paused = Instant::now();
        let mut calls = Vec::new();
        let first = id + 1;
        while paused.elapsed() < hold {
            id += 1;
            let caller = caller.clone();
            calls.push(tokio::spawn(async move { caller.act(id, 0, timeout).await }));
            tokio::time::sleep(PAUSE).await;
        }
        join_all(calls).await;
        tokio::time::sleep(LATE_MAX).await;
        // A server may pass a request on and stop before its answer.
        in_time.extend(pair.worker.calls().into_keys().filter(|id| *id >= first));
        pair.server.resume();
        outcome.recovered(caller.recovered(Instant::now()).await?);
    }
    tokio::time::sleep(SETTLED).await;
    // Nobody waits for any of them any more.
    let handled = pair.worker.calls();
    let entries = pair.ledger.entries();
    let is_late = |id: &u64| handled.contains_key(id) && !in_time.contains(id);
    let ends = entries.iter().filter(|entry| entry.told != Told::Acknowledged);
    let late: Vec<_> = ends.map(|entry| entry.id).filter(is_late).collect();
    outcome.count(&entries);
    outcome.note(format!("{id} calls while the server stood still"));
    outcome.must(late.is_empty(), format!("calls handled after their end: {late:?}"));
    Ok(())
}
