//! `cargo xtask fuzz`.

use anyhow::Context as _;

use crate::workspace::{cargo, root};

/// Feeds malformed schemas to lint, breaking and gen until something panics
///
/// Texts and descriptor sets, changed in ways that follow from a number. What fails is written below `target/fuzz`, made
/// smaller, and shown again by `cargo xtask fuzz -- replay <FOLDER>`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How long to go on
    #[arg(long, default_value_t = 10.0, value_name = "N")]
    minutes: f64,
    /// Number of the first input; another one tries others
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Passed on to the fuzzer
    #[arg(last = true)]
    more: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut fuzz = cargo(&root()?);
    fuzz.args(["run", "--profile", "fuzz", "--package", "fuzz", "--"]);
    fuzz.args(["--minutes", &args.minutes.to_string(), "--seed", &args.seed.to_string()]);
    let status = fuzz.args(&args.more).status().context("cargo doesn't start")?;
    anyhow::ensure!(status.success(), "the checker fails on what is written above");
    Ok(())
}
