//! Callers whose clocks are wrong by seconds.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bodybroker_runtime::headers::Headers;
use bodybroker_runtime::subject::Subject;
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::transport::{Flush, Outgoing};
use bodybroker_runtime::{Connection, Result};
use prost::Message as _;

use super::Fault;
use crate::api::chaos::v1::{ActRequest, ChaosServer};
use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;
use crate::worker::Worker;

pub(super) const FAULT: Fault = Fault {
    name: "clock-skew",
    about: "callers' clocks are wrong by up to 5 s: calls of 2 s that have just been sent are handled all the same",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// By how much clocks are wrong, in milliseconds: behind, right, and ahead.
const SKEWS_MS: [i64; 7] = [-5_000, -1_000, -200, 0, 200, 1_000, 5_000];
/// Calls from each clock.
const CALLS: u64 = 10;
/// Time that a call has.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Time in which a worker handles calls that do nothing.
const HANDLED: Duration = Duration::from_secs(1);

async fn run(_: &Plan, outcome: &mut Outcome) -> Result<()> {
    let server = NatsServer::start().await?;
    let serving = connect(&server.url(), "worker").await?;
    let worker = Arc::new(Worker::new("worker"));
    let _server = serving.serve(ChaosServer::from(Arc::clone(&worker))).await?;
    let connection = connect(&server.url(), "client").await?;
    let ledger = Ledger::default();
    let mut id = 0;
    for skew_ms in SKEWS_MS {
        let first = id + 1;
        for _ in 0..CALLS {
            id += 1;
            send(&connection, id, skew_ms)?;
        }
        connection.tx().flush().await?;
        let sent = Instant::now();
        let all = || (first..=id).filter(|id| worker.calls().contains_key(id)).count() as u64;
        while all() < CALLS && sent.elapsed() < HANDLED {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let handled = all();
        outcome.must(
            handled == CALLS,
            format!("with a clock wrong by {skew_ms} ms, {handled} of {CALLS} calls are handled"),
        );
        for id in first..=id {
            let there = worker.calls().contains_key(&id);
            let told = if there { Told::Acknowledged } else { Told::Unknown(EXPIRED) };
            let ended = Instant::now();
            ledger.note(Entry { kind: Kind::Act, client: 0, id, began: sent, ended, told });
        }
    }
    outcome.count(&ledger.entries());
    outcome.duplicated = worker.calls().values().filter(|times| **times > 1).count();
    Ok(())
}

/// What a caller is told whose call is taken for expired, at its end.
const EXPIRED: bodybroker_runtime::Code = bodybroker_runtime::Code::DeadlineExceeded;

/// Sends a call as a client does whose clock is wrong: the deadline is the last token of the reply's subject.
fn send(connection: &Connection, id: u64, skew_ms: i64) -> Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now_ms = u64::try_from(now.as_millis()).unwrap_or_default();
    let sent_ms = now_ms.saturating_add_signed(skew_ms);
    let timeout_ms = u64::try_from(TIMEOUT.as_millis()).unwrap_or_default();
    let reply = format!("_INBOX.client.skewed.{id}.{}-{}", base36(timeout_ms), base36(sent_ms));
    let request = ActRequest { id, work_ms: 0 }.encode_to_vec();
    connection.tx().publish(&Outgoing {
        subject: &Subject::parse("svc.chaos.v1.act")?,
        reply: Some(&Subject::parse(&reply)?),
        headers: &Headers::new(),
        body: &request.as_slice(),
        expires: None,
        flush: Flush::Soon,
    })
}

fn base36(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        let digit = u32::try_from(number % 36).unwrap_or_default();
        digits.extend(char::from_digit(digit, 36));
        number /= 36;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}
