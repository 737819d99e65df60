//! A server stands still for longer than calls may take, and then reads what it was sent meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bodybroker_runtime::Result;
use bodybroker_runtime::testing::NatsServer;
use futures::future::join_all;

use super::Fault;
use super::calls::Caller;
use crate::api::chaos::v1::{ChaosClient, ChaosServer};
use crate::ledger::{Entry, Ledger, Told};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;
use crate::worker::Worker;

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
/// A call may be handled so long after its end, because clocks differ: 250 ms are allowed for, and some for the timers.
const SKEW_MAX: Duration = Duration::from_millis(350);
/// Time in which a worker has handled whatever the server had kept for it.
const SETTLED: Duration = Duration::from_secs(2);

async fn run(plan: &Plan, outcome: &mut Outcome, timeout: Option<Duration>) -> Result<()> {
    let server = NatsServer::start().await?;
    let serving = connect(&server.url(), "worker").await?;
    let worker = Arc::new(Worker::new("worker"));
    let _server = serving.serve(ChaosServer::from(Arc::clone(&worker))).await?;
    let connection = connect(&server.url(), "client").await?;
    let ledger = Ledger::default();
    let caller = Caller::new(ChaosClient::new(&connection), &ledger);
    caller.recovered(Instant::now()).await?;
    let mut id = 0;
    for hold in [BRIEF, plan.hold] {
        server.pause();
        let paused = Instant::now();
        let mut calls = Vec::new();
        while paused.elapsed() < hold {
            id += 1;
            let caller = caller.clone();
            calls.push(tokio::spawn(async move { caller.act(id, 0, timeout).await }));
            tokio::time::sleep(PAUSE).await;
        }
        join_all(calls).await;
        tokio::time::sleep(SKEW_MAX).await;
        server.resume();
        outcome.recovered(caller.recovered(Instant::now()).await?);
    }
    tokio::time::sleep(SETTLED).await;
    // Nobody waits for any of them any more.
    let handled = worker.calls();
    let entries = ledger.entries();
    let late = entries.iter().filter(|entry| is_late(entry, &handled)).count();
    outcome.count(&entries);
    outcome.note(format!("{id} calls while the server stood still"));
    outcome.must(late == 0, format!("{late} calls were handled after their end"));
    Ok(())
}

fn is_late(entry: &Entry, handled: &BTreeMap<u64, usize>) -> bool {
    entry.told != Told::Acknowledged && handled.contains_key(&entry.id)
}
