//! The link of a client swallows everything, and neither side is told.

use std::time::{Duration, Instant};

use bodybroker_runtime::testing::{NatsServer, Proxy};
use bodybroker_runtime::{Code, Result};
use futures::future::join_all;

use super::Fault;
use super::calls::{Caller, address};
use crate::api::chaos::v1::{ChaosClient, ChaosServer};
use crate::ledger::{Kind, Ledger};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;
use crate::worker::Worker;

pub(super) const FAULT: Fault = Fault {
    name: "half-open",
    about: "a link swallows everything: noticed within two pings, and calls under way fail then, not at their time-out",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// Calls under way when the link fails. Their handlers go on: those of all rounds are fewer than may run at once.
const CALLS: u64 = 8;
/// What they'd take, and may take: longer than anything here.
const WORK_MS: u32 = 60_000;
/// Two pings of the default, and some slack for a busy machine.
const NOTICED_MAX: Duration = Duration::from_millis(7_500);
/// Time in which requests reach a worker on a healthy link.
const ARRIVED: Duration = Duration::from_millis(300);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let server = NatsServer::start().await?;
    let proxy = Proxy::to(address(&server)).await?;
    let serving = connect(&server.url(), "worker").await?;
    let _server = serving.serve(ChaosServer::new(Worker::new("worker"))).await?;
    let connection = connect(&proxy.url(), "client").await?;
    let ledger = Ledger::default();
    let caller = Caller::new(ChaosClient::new(&connection), &ledger);
    for round in plan.rounds().take(3) {
        caller.recovered(Instant::now()).await?;
        let first = round as u64 * CALLS + 1;
        let timeout = Duration::from_millis(WORK_MS.into());
        let calls = (first..first + CALLS).map(|id| caller.look(id, WORK_MS, timeout));
        let fault = async {
            tokio::time::sleep(ARRIVED).await;
            proxy.black_hole();
            Instant::now()
        };
        let (results, failed) = tokio::join!(join_all(calls), fault);
        let noticed = failed.elapsed();
        outcome.note(format!("noticed after {noticed:.1?}"));
        outcome.must(noticed < NOTICED_MAX, format!("noticed only after {noticed:.1?}"));
        let told = |result: &Result<()>| {
            result.as_ref().is_err_and(|status| status.code() == Code::Unavailable)
        };
        outcome.must(results.iter().all(told), "a call was not told that the link is down");
        let refused = Instant::now();
        let now = caller.look(0, 0, timeout).await;
        outcome.must(now.is_err_and(|status| told(&Err(status))), "a call went into the void");
        outcome.must(
            refused.elapsed() < ARRIVED,
            format!("a call waited {:.1?} for a link that is down", refused.elapsed()),
        );
        let healed = Instant::now();
        proxy.heal();
        outcome.recovered(caller.recovered(healed).await?);
    }
    let entries = ledger.entries();
    outcome.must(entries.iter().all(|entry| entry.kind == Kind::Look), "something was done");
    outcome.count(&entries);
    Ok(())
}
