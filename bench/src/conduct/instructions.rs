//! Instructions for one call, under `valgrind --tool=callgrind`: the steadiest figure of all, and the slowest to get.
//!
//! A process is run twice with a different number of calls; the difference leaves its start out.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::counts::{Counts, per_call};
use super::{Program, role};
use crate::cell::{Cell, Shape};
use crate::process::{Broker, Process};
use crate::sample::{Load, Until};
use crate::tools;

/// Counts for client and server, one of them under the emulator at a time.
pub(super) fn count(cell: &'static Cell, counts: &mut Counts) -> anyhow::Result<()> {
    let (few, many) = match cell.shape {
        Shape::Unary => (1_000, 4_000),
        Shape::Stream => (8, 24),
    };
    let run = |side, calls| total(cell, side, counts.concurrency, calls);
    let client = run(Side::Client, many)?.saturating_sub(run(Side::Client, few)?);
    let server = run(Side::Server, many)?.saturating_sub(run(Side::Server, few)?);
    counts.client_instructions = per_call(client, many - few);
    counts.server_instructions = per_call(server, many - few);
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Client,
    Server,
}

fn total(cell: &Cell, side: Side, concurrency: usize, calls: u64) -> anyhow::Result<u64> {
    let broker = if cell.broker { Some(Broker::start()?) } else { None };
    let broker = broker.as_ref().map_or("", Broker::url);
    let directory = tempfile::tempdir()?;
    let file = directory.path().join("callgrind.out");
    let command = |part, url: &str, own| -> anyhow::Result<Command> {
        let plain = role(Program::Plain, part, cell, url)?;
        if own == side { emulated(&plain, &file) } else { Ok(plain) }
    };
    let (server, address) = Process::start(&mut command("serve", broker, Side::Server)?)?;
    let url = if address.is_empty() { broker.to_owned() } else { address };
    let (mut client, _) = Process::start(&mut command("drive", &url, Side::Client)?)?;
    let sample = client.run(Load { concurrency, until: Until::Calls(calls) })?;
    anyhow::ensure!(sample.failures == 0, "calls failed: {}", sample.failure.unwrap_or_default());
    client.finish()?;
    server.finish()?;
    let text = std::fs::read_to_string(&file).context("valgrind wrote nothing")?;
    let line = text.lines().find_map(|line| line.strip_prefix("summary: "));
    line.and_then(|count| count.trim().parse().ok()).context("valgrind wrote no summary")
}

fn emulated(plain: &Command, file: &Path) -> anyhow::Result<Command> {
    let mut command = Command::new(tools::program("valgrind")?);
    // Threads take turns there; without fairness one that waits for another can spin for ever.
    command.args(["--quiet", "--tool=callgrind", "--fair-sched=try"]);
    command.arg(format!("--callgrind-out-file={}", file.display()));
    command.arg(plain.get_program()).args(plain.get_args());
    Ok(command)
}
