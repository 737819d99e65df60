//! What is there, compared with what everybody was told.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bodybroker_runtime::durable::Start;
use bodybroker_runtime::subject::Filter;
use bodybroker_runtime::testing::history::{Answer, Ask, Operation, check};
use bodybroker_runtime::{Connection, Result, Status};
use prost::Message as _;

use crate::api::chaos::v1::{Noted, Register};
use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::outcome::Outcome;
use crate::stage::{NOTES, REGISTERS};
use crate::worker::Worker;

/// Compares what the streams hold with what a ledger says of appends and swaps.
pub async fn streams(
    outcome: &mut Outcome,
    connection: &Connection,
    ledger: &Ledger,
) -> Result<()> {
    let entries = ledger.entries();
    effects(outcome, Kind::Note, &entries, &stored_notes(connection).await?);
    effects(outcome, Kind::Swap, &entries, &stored_values(connection).await?);
    Ok(())
}

/// Counts the calls of a ledger, of which none may have failed, and compares them with what workers did.
pub fn flawless(outcome: &mut Outcome, ledger: &Ledger, workers: &[Arc<Worker>]) {
    let entries = ledger.entries();
    outcome.count(&entries);
    let failed: Vec<_> = entries.iter().filter(|e| e.told != Told::Acknowledged).collect();
    let some = failed.first().map(|entry| entry.told.clone());
    outcome.must(failed.is_empty(), format!("{} calls failed, as {some:?}", failed.len()));
    let mut done = BTreeMap::new();
    for (id, count) in workers.iter().flat_map(|worker| worker.calls()) {
        *done.entry(id).or_default() += count;
    }
    effects(outcome, Kind::Act, &entries, &done);
}

/// How often each event is stored.
pub async fn stored_notes(connection: &Connection) -> Result<BTreeMap<u64, usize>> {
    stored(connection, NOTES, |bytes| Noted::decode(bytes).map(|noted| noted.id)).await
}

/// How often each value is stored.
pub async fn stored_values(connection: &Connection) -> Result<BTreeMap<u64, usize>> {
    stored(connection, REGISTERS, |bytes| Register::decode(bytes).map(|it| it.value)).await
}

/// What of a history is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Whatever clients were told.
    Everything,
    /// Compare-and-set alone: a server that is cut off and doesn't know it shows old values to who reads there.
    Swaps,
    /// Whatever clients were told, with linearizable reads. How old the values of other reads are is measured.
    Proven,
}

/// Judges the history of registers, and if it can't be explained, says what is to blame.
pub fn registers(outcome: &mut Outcome, history: &[Operation], judged: Judged) {
    let swaps: Vec<_> = history.iter().filter(|o| o.ask != Ask::Read).cloned().collect();
    let history = if judged == Judged::Swaps { &swaps } else { history };
    outcome.note(format!("{} operations on registers judged", history.len()));
    let Err(violation) = check(history) else { return };
    let happened = |o: &&Operation| matches!(o.answer, Answer::Swapped | Answer::Unknown);
    let happened: Vec<_> = swaps.iter().filter(happened).cloned().collect();
    let blame = match (check(&happened), check(&swaps)) {
        (Err(_), _) => "swaps contradict each other",
        (Ok(()), Err(_)) => "a refusal was stale",
        (Ok(()), Ok(())) => "a read was stale",
    };
    outcome.broken.push(format!("not linearizable ({blame}): {violation}"));
    match keep(history) {
        Ok(file) => outcome.note(format!("`chaos judge {}` judges it again", file.display())),
        Err(error) => outcome.note(format!("the history can't be kept: {error}")),
    }
}

/// Tells how long before a read the value had been replaced, as was acknowledged, that it showed.
pub fn staleness(outcome: &mut Outcome, history: &[Operation], looks: &[Operation]) {
    let mut replaced = BTreeMap::new();
    for operation in history.iter().filter(|operation| operation.answer == Answer::Swapped) {
        if let Ask::Swap { expect, .. } = operation.ask {
            replaced.insert((&operation.key, expect), operation.ended);
        }
    }
    let shown = looks.iter().filter_map(|look| match look.answer {
        Answer::Value(value) => Some((replaced.get(&(&look.key, value)), look.began)),
        _ => None,
    });
    let ages: Vec<_> =
        shown.map(|(replaced, began)| replaced.and_then(|at| began.checked_sub(*at))).collect();
    let stale = ages.iter().flatten().count();
    let oldest = ages.iter().flatten().max().copied().unwrap_or_default();
    outcome.note(format!(
        "of {} plain reads {stale} showed a value that had been replaced, for up to {oldest:.1?}",
        ages.len()
    ));
}

/// Writes a history to a file, a line for each operation.
fn keep(history: &[Operation]) -> std::io::Result<PathBuf> {
    let file = std::env::temp_dir().join(format!("chaos-{:08x}.jsonl", rand::random::<u32>()));
    let mut out = BufWriter::new(File::create(&file)?);
    for operation in history {
        serde_json::to_writer(&mut out, operation)?;
        writeln!(out)?;
    }
    out.flush()?;
    Ok(file)
}

/// Reads a history that was kept, and judges it again.
pub fn judge(file: &Path) -> Result<Outcome> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Status::invalid_argument(format!("{} is no history: {error}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(&error))?;
    let operations: Result<Vec<Operation>, _> = text.lines().map(serde_json::from_str).collect();
    let operations = operations.map_err(|error| unreadable(&error))?;
    let mut outcome = Outcome::default();
    if let Err(violation) = check(&operations) {
        outcome.broken.push(violation.to_string());
    }
    Ok(outcome)
}

/// How often each id is stored.
async fn stored(
    connection: &Connection,
    stream: &str,
    id: impl Fn(&[u8]) -> Result<u64, prost::DecodeError>,
) -> Result<BTreeMap<u64, usize>> {
    let all = connection.durable().snapshot(stream, &Filter::literal(">"), Start::All).await?;
    let mut counts = BTreeMap::new();
    for message in all {
        *counts.entry(id(&message.payload).unwrap_or_default()).or_default() += 1;
    }
    Ok(counts)
}

/// Compares effects with what was told of those who wanted them.
pub fn effects(
    outcome: &mut Outcome,
    kind: Kind,
    entries: &[Entry],
    effects: &BTreeMap<u64, usize>,
) {
    let mut phantoms = 0;
    for entry in entries.iter().filter(|entry| entry.kind == kind) {
        let count = effects.get(&entry.id).copied().unwrap_or_default();
        outcome.duplicated += count.saturating_sub(1);
        match entry.told {
            Told::Acknowledged => outcome.lost += usize::from(count == 0),
            Told::Refused(_) | Told::Failed(_) => phantoms += usize::from(count > 0),
            Told::Unknown(_) => {}
        }
    }
    outcome.must(
        phantoms == 0,
        format!("{phantoms} {kind:?}s were said not to have happened, and have"),
    );
}
