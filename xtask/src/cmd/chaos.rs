//! `cargo xtask chaos`.

use std::process::Command;

use anyhow::Context as _;

use crate::tools::Tools;
use crate::workspace;

/// Inflicts faults on real clusters, and judges what came of them
///
/// Says of each fault what was sent, acknowledged, lost and done twice, and how long the recovery took. Fails when
/// a promise is broken.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Inflicts these faults only
    #[arg(long, value_name = "FAULT,..")]
    only: Option<String>,
    /// Begins no further round of a fault after so long
    #[arg(long, value_name = "N")]
    seconds: Option<u64>,
    /// Inflicts each fault once, and not for long
    #[arg(long)]
    brief: bool,
    /// Decides on whatever is left to chance
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Lists the faults
    #[arg(long)]
    list: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    Tools::install(&root)?;
    Tools::redis()?;
    let mut chaos = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    chaos.current_dir(root).args(["run", "--package", "chaos", "--"]);
    let Args { only, seconds, brief, seed, list } = args;
    if *list {
        chaos.arg("list");
    } else {
        chaos.arg("run").args(brief.then_some("--brief"));
        chaos.args(only.iter().flat_map(|only| ["--only", only]));
        let numbers = [("--seconds", seconds), ("--seed", seed)];
        for (flag, number) in numbers {
            chaos.args(number.iter().flat_map(|number| [flag.to_owned(), number.to_string()]));
        }
    }
    let status = chaos.status().context("cargo doesn't start")?;
    anyhow::ensure!(status.success(), "a promise is broken, or could not be tried: see above");
    Ok(())
}
