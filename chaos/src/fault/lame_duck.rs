//! Every server is replaced in turn, as an operator would: it sends its clients away, ends, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bodybroker_runtime::{Result, Status};
use futures::future::join_all;

use super::Fault;
use super::calls::Caller;
use super::storm::storm;
use crate::api::chaos::v1::{ChaosClient, ChaosServer};
use crate::audit::{self, Judged};
use crate::ledger::Ledger;
use crate::load::Reach;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::worker::Worker;

pub(super) const STREAMS: Fault = Fault {
    name: "lame-duck",
    about: "every server in turn sends its clients away, ends, and comes back",
    run: |plan, outcome| {
        Box::pin(storm(
            plan,
            outcome,
            Reach::All,
            Judged::Everything,
            async |stage, load, outcome| {
                let servers = stage.cluster.len();
                for server in (0..servers).take(plan.rounds_max) {
                    stage.replicated().await?;
                    let began = Instant::now();
                    stage.cluster.lame_duck(server).await;
                    let ended = Instant::now();
                    outcome.note(format!("server {server} took {:.1?} to leave", ended - began));
                    outcome.recovered(load.recovered(ended, |_| true).await?);
                    stage.cluster.restart(server).await?;
                }
                Ok(())
            },
        ))
    },
};

pub(super) const CALLS: Fault = Fault {
    name: "lame-duck-calls",
    about: "every server in turn sends its clients away, ends, and comes back: no call fails, and none runs twice",
    run: |plan, outcome| Box::pin(calls(plan, outcome)),
};

/// Callers, each with a call under way.
const CALLERS: usize = 8;
/// Time that a call has.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What a caller waits after a failure.
const FAILED_PAUSE: Duration = Duration::from_millis(50);
/// Calls are made for so long after the last server has come back.
const AFTER: Duration = Duration::from_secs(1);

async fn calls(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let mut stage = Stage::start().await?;
    let workers = [(); 2].map(|()| Arc::new(Worker::new("worker")));
    let mut serving = Vec::new();
    for worker in &workers {
        let connection = stage.connect("worker").await?;
        serving.push(connection.serve(ChaosServer::from(Arc::clone(worker))).await?);
    }
    let connection = stage.connect("client").await?;
    let ledger = Ledger::default();
    let caller = Caller::new(ChaosClient::new(&connection), &ledger);
    caller.recovered(Instant::now()).await?;
    let (over, last) = (AtomicBool::new(false), AtomicU64::new(0));
    let calling = join_all((0..CALLERS).map(async |_| {
        while !over.load(Ordering::Relaxed) {
            // Nothing repeats a call with an effect.
            let id = last.fetch_add(1, Ordering::Relaxed) + 1;
            let looked = caller.look(id, 5, TIMEOUT).await;
            if looked.and(caller.act(id, 5, Some(TIMEOUT)).await).is_err() {
                // What became of it is in the ledger.
                tokio::time::sleep(FAILED_PAUSE).await;
            }
        }
    }));
    let replacing = async {
        for server in (0..stage.cluster.len()).take(plan.rounds_max) {
            stage.replicated().await?;
            stage.cluster.lame_duck(server).await;
            outcome.recovered(caller.recovered(Instant::now()).await?);
            stage.cluster.restart(server).await?;
        }
        tokio::time::sleep(AFTER).await;
        Ok::<_, Status>(())
    };
    let replacing = async {
        let replaced = replacing.await;
        over.store(true, Ordering::Relaxed);
        replaced
    };
    let (_, replaced) = tokio::join!(calling, replacing);
    replaced?;
    audit::flawless(outcome, &ledger, &workers);
    Ok(())
}
