//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use bodybroker_runtime::{Result, Status};
use clap::{Parser, Subcommand};

use crate::audit;
use crate::fault::{FAULTS, Fault};
use crate::plan::Plan;
use crate::report::Report;
use crate::worker::{self, Part};

#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Inflicts faults, and judges what came of them
    Run(Run),
    /// Lists the faults
    List,
    /// Judges a history that a broken promise has left behind
    Judge {
        /// History
        file: PathBuf,
    },
    /// Serves until it is killed
    Worker {
        /// Server
        url: String,
        /// What it serves
        part: Part,
    },
}

#[derive(Debug, clap::Args)]
struct Run {
    /// Inflicts these faults only
    #[arg(long, value_delimiter = ',', value_name = "FAULT")]
    only: Vec<String>,
    /// Begins no further round of a fault after so long
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Inflicts each fault once, and not for long
    #[arg(long)]
    brief: bool,
    /// Decides on whatever is left to chance
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// Runs the program.
#[must_use]
pub fn main() -> ExitCode {
    let filter = tracing_subscriber::EnvFilter::from_default_env();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    match Cli::parse().command.run() {
        Ok(code) => code,
        Err(status) => {
            eprintln!("error: {status}");
            ExitCode::FAILURE
        }
    }
}

impl Command {
    fn run(self) -> Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Status::internal(format!("no runtime: {error}")))?;
        match self {
            Self::Run(args) => runtime.block_on(args.run()),
            Self::List => {
                list();
                Ok(ExitCode::SUCCESS)
            }
            Self::Judge { file } => {
                let outcome = audit::judge(&file)?;
                for broken in &outcome.broken {
                    eprintln!("{broken}");
                }
                Ok(if outcome.broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
            }
            Self::Worker { url, part } => {
                runtime.block_on(worker::serve(&url, part)).map(|()| ExitCode::SUCCESS)
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "the list is what was asked for")]
fn list() {
    for Fault { name, about, run: _ } in FAULTS {
        println!("{name:20} {about}");
    }
}

impl Run {
    #[expect(clippy::print_stdout, reason = "the report is what the program is for")]
    async fn run(self) -> Result<ExitCode> {
        let faults = self.chosen()?;
        let seed = self.seed.unwrap_or_else(|| rand::random::<u32>().into());
        let program = std::env::current_exe()
            .map_err(|error| Status::internal(format!("this program is nowhere: {error}")))?;
        let mut plan = if self.brief { Plan::brief } else { Plan::whole }(seed, program);
        if let Some(seconds) = self.seconds {
            plan.time_max = std::time::Duration::from_secs(seconds);
        }
        let mut report = Report::new();
        for fault in faults {
            println!("{}: {} (seed {seed})", fault.name, fault.about);
            let outcome = fault.inflict(&plan).await;
            println!("{}", report.add(fault, outcome));
        }
        println!("{report}");
        Ok(if report.is_kept() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn chosen(&self) -> Result<Vec<&'static Fault>> {
        if self.only.is_empty() {
            return Ok(FAULTS.iter().collect());
        }
        let named = |name: &String| {
            let found = FAULTS.iter().find(|fault| fault.name == name);
            found.ok_or_else(|| Status::invalid_argument(format!("no fault is called `{name}`")))
        };
        self.only.iter().map(named).collect()
    }
}
