//! A server that 200 clients talk to dies and comes back.

use std::time::{Duration, Instant};

use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::State;
use bodybroker_runtime::{Connection, Result, Status};
use futures::future::{join_all, try_join_all};

use super::Fault;
use super::calls::Caller;
use crate::api::chaos::v1::{ChaosClient, ChaosServer};
use crate::ledger::Ledger;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;
use crate::worker::Worker;

pub(super) const FAULT: Fault = Fault {
    name: "reconnect-storm",
    about: "200 clients lose their server: all come back, and not all at once",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// Clients; each has two connections.
const CLIENTS: usize = 200;
/// How long the server is away: long enough for clients to have failed some times.
const AWAY: Duration = Duration::from_secs(3);
/// All must be back by then: the longest pause between attempts, and an attempt.
const BACK_MAX: Duration = Duration::from_secs(10);
/// Between the first twentieth of clients and the last, at least.
const SPREAD_MIN: Duration = Duration::from_millis(500);

async fn run(plan: &Plan, outcome: &mut Outcome) -> Result<()> {
    let mut server = NatsServer::start().await?;
    let url = server.url();
    let serving = connect(&url, "worker").await?;
    let _server = serving.serve(ChaosServer::new(Worker::new("worker"))).await?;
    let ledger = Ledger::default();
    let connections = try_join_all((0..CLIENTS).map(|_| connect(&url, "client"))).await?;
    for round in plan.rounds().take(3) {
        call_all(&connections, &ledger).await;
        server.kill();
        tokio::time::sleep(AWAY).await;
        server.restart().await?;
        let restarted = Instant::now();
        let number = round as u64 + 2;
        let back = connections.iter().map(|connection| back(connection, number, restarted));
        let mut times = try_join_all(back).await?;
        times.sort();
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        outcome.note(format!(
            "back after {:.2?} (5 %), {:.2?} (half), {:.2?} (95 %), {:.2?} (all)",
            at(5),
            at(50),
            at(95),
            at(100)
        ));
        outcome.must(at(95) > at(5) + SPREAD_MIN, "they came back all at once");
        let mut serving = serving.rx().state();
        let _ = serving.wait_for(|state| *state == State::Connected(number)).await;
        let caller = Caller::new(ChaosClient::new(&connections[0]), &ledger);
        outcome.recovered(caller.recovered(restarted).await?.max(at(100)));
        call_all(&connections, &ledger).await;
    }
    let log = server.log();
    let timeouts = log.matches("Authentication Timeout").count();
    outcome.must(timeouts == 0, format!("{timeouts} clients were too slow to say who they are"));
    outcome.count(&ledger.entries());
    Ok(())
}

/// Calls once on every connection.
async fn call_all(connections: &[Connection], ledger: &Ledger) {
    let calls = connections.iter().map(|connection| {
        let caller = Caller::new(ChaosClient::new(connection), ledger);
        async move { caller.look(0, 0, Duration::from_secs(2)).await }
    });
    // What became of them is in the ledger.
    join_all(calls).await;
}

/// Waits until both transports are back; tells when the later one was, since a moment.
async fn back(connection: &Connection, number: u64, since: Instant) -> Result<Duration> {
    for transport in [connection.tx(), connection.rx()] {
        let mut state = transport.state();
        let back = state.wait_for(|state| *state == State::Connected(number));
        let back = tokio::time::timeout(BACK_MAX, back).await;
        back.map_err(|_| Status::unavailable("a client did not come back once and for all"))?
            .map_err(|_| Status::unavailable("a connection is closed"))?;
    }
    Ok(since.elapsed())
}
