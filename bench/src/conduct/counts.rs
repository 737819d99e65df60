//! Counts for one call: allocations, system calls and, on demand, instructions.

use serde::Serialize;

use super::{Pair, Program, Server, instructions};
use crate::cell::Shape;
use crate::plan::Plan;
use crate::process::SystemCalls;
use crate::sample::{Load, Until};

/// Concurrency at which is counted, for unary calls.
pub(super) const CONCURRENCY: usize = 64;

/// The same for streams.
pub(super) const STREAMS: usize = 4;

/// What one call costs, counted. `None` where it could not be.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Counts {
    /// Name of the cell.
    pub cell: &'static str,
    /// Calls outstanding while it was counted.
    pub concurrency: usize,
    /// Allocations of the client for each call.
    pub client_allocations: Option<f64>,
    /// Allocations of the server for each call.
    pub server_allocations: Option<f64>,
    /// System calls of the client for each call.
    pub client_system_calls: Option<f64>,
    /// System calls of the server for each call.
    pub server_system_calls: Option<f64>,
    /// Instructions of the client for each call.
    pub client_instructions: Option<f64>,
    /// Instructions of the server for each call.
    pub server_instructions: Option<f64>,
    /// Why something could not be counted.
    pub missing: Vec<String>,
}

/// Counts for every cell that runs.
pub(super) fn count(plan: &Plan, pairs: &mut [Pair]) -> Vec<Counts> {
    let mut all = Vec::new();
    for pair in pairs {
        let concurrency = match pair.cell.shape {
            Shape::Unary => CONCURRENCY,
            Shape::Stream => STREAMS,
        };
        let mut counts = Counts { cell: pair.cell.name, concurrency, ..Counts::default() };
        if plan.counts {
            if let Err(error) = system_calls(plan, pair, &mut counts) {
                counts.missing.push(format!("system calls: {error:#}"));
            }
            if let Err(error) = allocations(pair, &mut counts) {
                counts.missing.push(format!("allocations: {error:#}"));
            }
        }
        if plan.instructions
            && matches!(pair.server, Server::Own(_))
            && let Err(error) = instructions::count(pair.cell, &mut counts)
        {
            counts.missing.push(format!("instructions: {error:#}"));
        }
        all.push(counts);
    }
    all
}

fn system_calls(plan: &Plan, pair: &mut Pair, counts: &mut Counts) -> anyhow::Result<()> {
    let client = SystemCalls::begin(pair.client.id())?;
    let server = SystemCalls::begin(pair.server.id())?;
    let round = pair.round(0, Load::lasting(counts.concurrency, plan.round))?;
    counts.client_system_calls = per_call(client.end()?, round.sample.calls);
    counts.server_system_calls = per_call(server.end()?, round.sample.calls);
    Ok(())
}

fn allocations(pair: &Pair, counts: &mut Counts) -> anyhow::Result<()> {
    let calls = match pair.cell.shape {
        Shape::Unary => 20_000,
        Shape::Stream => 100,
    };
    let mut counting = Pair::start(pair.cell, Program::Counting)?;
    let load = Load { concurrency: counts.concurrency, until: Until::Calls(calls) };
    counting.client.run(load)?;
    let before = counting.server.allocations()?;
    let sample = counting.client.run(load)?;
    let after = counting.server.allocations()?;
    counts.client_allocations = sample.allocations.and_then(|count| per_call(count, sample.calls));
    let server = after.zip(before).map(|(after, before)| after - before);
    counts.server_allocations = server.and_then(|count| per_call(count, sample.calls));
    Ok(())
}

impl Server {
    fn allocations(&mut self) -> anyhow::Result<Option<u64>> {
        match self {
            Self::Own(process) => process.allocations(),
            Self::FastApi(_) => Ok(None),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(super) fn per_call(count: u64, calls: u64) -> Option<f64> {
    (calls > 0).then(|| count as f64 / calls as f64)
}
