//! Feeds malformed schemas to `lint`, `breaking`, `gen` and every format, and watches for panics, overflows of the
//! stack, memory without bound, and inputs that take too long.
//!
//! The parent runs workers, which can die; a worker says which input is next before it tries it. Every input follows
//! from its number, so that a number is enough to see it again.

mod corpus;
mod input;
mod set;
mod shrink;
mod text;
mod trial;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};

use input::Input;
use worker::{Failure, Worker};

/// Feeds malformed schemas to the checker
///
/// Ends with 0 if nothing was found. What makes it fail is written to a folder, made smaller, and can be tried again
/// with `replay`.
#[derive(Debug, Parser)]
struct Args {
    /// How long to go on
    #[arg(long, default_value_t = 10.0, value_name = "N")]
    minutes: f64,
    /// Number of the first input
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Workers at a time
    #[arg(long, default_value_t = 2, value_name = "N")]
    jobs: u64,
    /// Where to write what fails
    #[arg(long, default_value = "target/fuzz", value_name = "DIR")]
    keep: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tries one input that was written before: `old` and `new`, each a folder or a file with a descriptor set
    Replay {
        /// Folder that holds both
        folder: PathBuf,
    },
    /// Tries every `step`th input from a number on, and says each number first
    #[command(hide = true)]
    Work {
        /// First input
        first: u64,
        /// Distance to the next
        step: u64,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    match &args.command {
        Some(Command::Replay { folder }) => trial::bounded(Input::read(folder)?),
        Some(Command::Work { first, step }) => worker::work(*first, *step),
        None => {
            let found = fuzz(&args)?;
            if found > 0 {
                eprintln!("{found} kinds of failure; `fuzz replay FOLDER` shows one again");
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs workers until the time is over; says how many kinds of failure there were.
fn fuzz(args: &Args) -> anyhow::Result<usize> {
    let end = Instant::now() + Duration::from_secs_f64(args.minutes * 60.0);
    let jobs = args.jobs.max(1);
    let bases = corpus::read();
    let mut kinds: Vec<String> = Vec::new();
    let mut workers = Vec::new();
    for job in 0..jobs {
        workers.push(Worker::start(args.seed + job, jobs)?);
    }
    while Instant::now() < end {
        std::thread::sleep(worker::PAUSE);
        for worker in &mut workers {
            let Some(Failure { number, kind }) = worker.failure()? else { continue };
            if !kinds.contains(&kind) {
                let folder = args.keep.join(number.to_string());
                eprintln!("input {number}: {kind}");
                let input = shrink::shrink(Input::of(number, &bases), &kind, &folder)?;
                input.write(&folder)?;
                eprintln!("written to {}", folder.display());
                kinds.push(kind);
            }
            worker.restart(number + jobs)?;
        }
    }
    let tried: u64 = workers.iter().map(Worker::tried).sum();
    eprintln!("{tried} inputs");
    anyhow::ensure!(tried > 0, "no input was tried");
    Ok(kinds.len())
}
