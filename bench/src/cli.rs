//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};

use crate::plan::{Effort, Plan};
use crate::{cache, cell, conduct, report, role, spike};

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Part,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Measures one call through every way to make it
    Rpc(Rpc),
    /// Measures kept answers: what they cost, how often there is one, how soon an old one is given up
    Cache {
        /// Measures for seconds, not a minute
        #[arg(long)]
        quick: bool,
    },
    /// Has ten times the usual calls come for a while, more than there are instances for, while some join
    Spike(spike::Args),
    /// Plays an instance of the service that suffers the spike, until standard input ends
    SpikeInstance {
        /// Broker
        url: String,
    },
    /// Plays the callers of the spike, an order for each line of standard input
    SpikeLoad {
        /// Broker
        url: String,
    },
    /// Plays the server of a cell
    Serve {
        /// Cell
        cell: String,
        /// Broker
        url: String,
    },
    /// Plays the client of a cell, a round for each line of standard input
    Drive {
        /// Cell
        cell: String,
        /// Broker or server
        url: String,
    },
}

#[derive(Debug, Args)]
struct Rpc {
    /// Measures for seconds, not minutes
    #[arg(long)]
    quick: bool,
    /// Measures these cells only, and what they are compared with
    #[arg(long, value_delimiter = ',', value_name = "CELL")]
    kinds: Vec<String>,
    /// Calls, or streams, outstanding at a time
    #[arg(long, value_delimiter = ',', value_name = "N")]
    concurrency: Vec<usize>,
    /// Rounds of each cell at each concurrency, each with fresh processes
    #[arg(long, value_name = "N")]
    rounds: Option<usize>,
    /// Length of a round
    #[arg(long, value_name = "MS")]
    round_ms: Option<u64>,
    /// Counts instructions too, with valgrind; slow
    #[arg(long)]
    instructions: bool,
    /// Leaves allocations and system calls uncounted
    #[arg(long)]
    no_counts: bool,
    /// Writes every figure to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Runs the program; `allocations` counts them where the build can.
#[must_use]
pub fn main(allocations: Option<fn() -> u64>) -> ExitCode {
    if let Some(count) = allocations {
        role::ALLOCATIONS.get_or_init(|| count);
    }
    let result = match Cli::parse().command {
        Part::Rpc(args) => rpc(&args),
        Part::Cache { quick } => cache(quick),
        Part::Spike(args) => return spike::main(&args),
        Part::SpikeInstance { url } => spike::instance(url),
        Part::SpikeLoad { url } => spike::load(url),
        Part::Serve { cell, url } => named(&cell).and_then(|cell| role::serve(cell, url)),
        Part::Drive { cell, url } => named(&cell).and_then(|cell| role::drive(cell, url)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn rpc(args: &Rpc) -> anyhow::Result<()> {
    let plan = args.plan()?;
    let outcome = conduct::conduct(&plan)?;
    let report = report::Report::new(&plan, outcome);
    println!("{report}");
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, json)
            .with_context(|| format!("{} can't be written", file.display()))?;
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn cache(quick: bool) -> anyhow::Result<()> {
    let effort = if quick { cache::Effort::QUICK } else { cache::Effort::FULL };
    println!("{}", cache::measure(effort)?);
    Ok(())
}

impl Rpc {
    fn plan(&self) -> anyhow::Result<Plan> {
        let mut plan = Plan::new(if self.quick { Effort::Quick } else { Effort::Full });
        if !self.kinds.is_empty() {
            plan.only(&self.kinds)?;
        }
        if !self.concurrency.is_empty() {
            anyhow::ensure!(
                !self.concurrency.contains(&0),
                "a concurrency of 0 calls nothing; use 1 or more"
            );
            plan.concurrency.clone_from(&self.concurrency);
            plan.streams.clone_from(&self.concurrency);
        }
        plan.rounds = self.rounds.unwrap_or(plan.rounds);
        plan.round = self.round_ms.map_or(plan.round, Duration::from_millis);
        plan.counts = !self.no_counts;
        plan.instructions = self.instructions;
        Ok(plan)
    }
}

fn named(name: &str) -> anyhow::Result<&'static cell::Cell> {
    cell::find(name).with_context(|| format!("no cell is called `{name}`"))
}
