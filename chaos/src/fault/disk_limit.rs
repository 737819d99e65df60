//! A bucket is full.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bodybroker_runtime::durable::{Limits, StreamConfig};
use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Code, Result};

use super::Fault;
use crate::api::chaos::v1::{REGISTERS_BUCKET, Register};
use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::connect;

pub(super) const FAULT: Fault = Fault {
    name: "disk-limit",
    about: "a bucket is full: writers are told so at once, nothing that was taken goes, and room mends it",
    run: |plan, outcome| Box::pin(run(plan, outcome)),
};

/// Room of the bucket.
const BYTES: u64 = 64 * 1024;
/// Writes, more than there is room for.
const WRITES: u64 = 2_000;
/// A writer learns by then that there is no room.
const TOLD_MAX: Duration = Duration::from_secs(1);

async fn run(_: &Plan, outcome: &mut Outcome) -> Result<()> {
    let server = NatsServer::start().await?;
    let connection = connect(&server.url(), "client").await?;
    let room = |bytes| StreamConfig {
        limits: Limits { bytes: Some(bytes), messages_per_subject: Some(1) },
        replicas: 1,
        ..StreamConfig::of_bucket(&REGISTERS_BUCKET)
    };
    connection.durable().provision(&room(BYTES)).await?;
    let store = connection.store::<Register>(&REGISTERS_BUCKET)?;
    let ledger = Ledger::default();
    let write = async |id: u64| {
        let began = Instant::now();
        let result = store.create(&format!("key-{id}"), &Register { value: id }).await;
        let (kind, told, ended) = (Kind::Swap, Told::of(&result), Instant::now());
        ledger.note(Entry { kind, client: 0, id, began, ended, told });
        result
    };
    let mut full = None;
    for id in 1..=WRITES {
        let began = Instant::now();
        if let Err(status) = write(id).await {
            full = Some((status, began.elapsed()));
            break;
        }
    }
    match full {
        None => outcome.broken.push("the bucket takes more than its room".to_owned()),
        Some((status, after)) => {
            outcome.note(format!("told after {after:.1?}: {status}"));
            outcome.must(status.code() == Code::ResourceExhausted, "not told that it is full");
            outcome.must(after < TOLD_MAX, format!("told only after {after:.1?}"));
        }
    }
    connection.durable().provision(&room(4 * BYTES)).await?;
    let mended = Instant::now();
    outcome.must(write(WRITES + 1).await.is_ok(), "room does not mend it");
    outcome.recovered(mended.elapsed());
    let entries = ledger.entries();
    outcome.count(&entries);
    let there = store.entries().await?.into_iter().map(|entry| (entry.value.value, 1));
    let there: BTreeMap<_, _> = there.collect();
    crate::audit::effects(outcome, Kind::Swap, &entries, &there);
    Ok(())
}
