//! Ten times the usual calls for a while: what becomes of those that are taken, and of those that can't be.
//!
//! An instance has few workers, each call holds one for a fixed time that costs no processor, and the schema lets few
//! calls wait. So what an instance can do doesn't depend on the machine, which only has to carry the traffic. What all
//! instances together sustain is measured first. Then calls come at their own pace, whatever becomes of those before
//! (an open loop), and a call's time counts from when it should have been made, not from when there was time for it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;

use crate::cell::Flavor;
use crate::role;

mod conduct;
mod echo;
mod figures;
mod instance;
mod load;
mod machine;
mod order;
mod report;
mod worker;

/// What is measured.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How long the spike lasts; what comes before and after it lasts two thirds as long each
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Calls a second before and after the spike, a tenth of those in it
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    calls: u32,
    /// Decides on when calls are made
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// Writes every figure to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Measures, tells it, and fails when a target is missed.
pub(crate) fn main(args: &Args) -> ExitCode {
    match measure(args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
fn measure(args: &Args) -> anyhow::Result<bool> {
    let report = report::Report::new(&conduct::conduct(args)?);
    println!("{report}");
    if let Some(file) = &args.json {
        let json = serde_json::to_string_pretty(&report)?;
        std::fs::write(file, json)
            .with_context(|| format!("{} can't be written", file.display()))?;
    }
    Ok(report.is_met())
}

/// Plays an instance.
pub(crate) fn instance(url: String) -> anyhow::Result<()> {
    role::runtime(Flavor::CurrentThread)?.block_on(instance::serve(url))
}

/// Plays the callers.
pub(crate) fn load(url: String) -> anyhow::Result<()> {
    role::runtime(Flavor::CurrentThread)?.block_on(load::follow(url))
}

/// Milliseconds of a time.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
