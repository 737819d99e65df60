//! `cargo xtask bench`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::tools::Tools;
use crate::workspace::{self, cargo};

mod r#gen;
mod schema;

/// Measures, side by side with peers
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    Rpc(Rpc),
    Cache(Cache),
    Spike(Spike),
    Gen(r#gen::Args),
    Schema(schema::Args),
}

/// Measures one call through ours and its peers; see `-- --help` for every choice
#[derive(Debug, clap::Args)]
struct Rpc {
    /// Measures for seconds, not minutes
    #[arg(long)]
    quick: bool,
    /// Measures these cells only, and what they are compared with
    #[arg(long, value_name = "CELL,..")]
    kinds: Option<String>,
    /// Calls, or streams, outstanding at a time
    #[arg(long, value_name = "N,..")]
    concurrency: Option<String>,
    /// Writes every figure to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Counts instructions too, with valgrind; slow
    #[arg(long)]
    instructions: bool,
    /// Further choices, passed on to the measuring program
    #[arg(last = true)]
    more: Vec<String>,
}

/// Measures kept answers: what they cost, how often there is one, how soon an old one is given up
#[derive(Debug, clap::Args)]
struct Cache {
    /// Measures for seconds, not a minute
    #[arg(long)]
    quick: bool,
}

/// Has ten times the usual calls come for a while, more than there are instances for, while some join
///
/// Fails when a target is missed.
#[derive(Debug, clap::Args)]
struct Spike {
    /// How long the spike lasts; all takes about three times as long
    #[arg(long, value_name = "N")]
    seconds: Option<u32>,
    /// Calls a second before and after the spike, a tenth of those in it
    #[arg(long, value_name = "N")]
    calls: Option<u32>,
    /// Decides on when calls are made
    #[arg(long, value_name = "N")]
    seed: Option<u32>,
    /// Writes every figure to a file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    match &args.what {
        What::Rpc(args) => rpc(&root, args),
        What::Cache(args) => cache(&root, args),
        What::Spike(args) => spike(&root, args),
        What::Gen(args) => r#gen::run(&root, args),
        What::Schema(args) => schema::run(&root, args),
    }
}

fn rpc(root: &Path, args: &Rpc) -> anyhow::Result<()> {
    // The broker, and Python for the old system.
    Tools::install(root)?.python()?;
    let mut bench = bench(root, "rpc")?;
    bench.args(args.quick.then_some("--quick"));
    bench.args(args.instructions.then_some("--instructions"));
    for (flag, value) in [("--kinds", &args.kinds), ("--concurrency", &args.concurrency)] {
        bench.args(value.iter().flat_map(|value| [flag, value]));
    }
    write_to(&mut bench, args.json.as_deref())?;
    bench.args(&args.more);
    succeed(&mut bench, "the measurement failed")
}

fn cache(root: &Path, args: &Cache) -> anyhow::Result<()> {
    Tools::install(root)?;
    Tools::redis()?;
    let mut bench = bench(root, "cache")?;
    bench.args(args.quick.then_some("--quick"));
    succeed(&mut bench, "the measurement failed")
}

fn spike(root: &Path, args: &Spike) -> anyhow::Result<()> {
    Tools::install(root)?;
    let Spike { seconds, calls, seed, json } = args;
    let mut bench = bench(root, "spike")?;
    for (flag, number) in [("--seconds", seconds), ("--calls", calls), ("--seed", seed)] {
        bench.args(number.iter().flat_map(|number| [flag.to_owned(), number.to_string()]));
    }
    write_to(&mut bench, json.as_deref())?;
    succeed(&mut bench, "a target is missed, or could not be measured: see above")
}

/// Has the measuring program, which runs where the workspace is and not where the person is, write its figures.
fn write_to(bench: &mut Command, json: Option<&Path>) -> anyhow::Result<()> {
    if let Some(file) = json {
        bench.arg("--json").arg(std::path::absolute(file)?);
    }
    Ok(())
}

/// The measuring program, built: both programs of the crate are needed, and a build by `run` would disturb.
fn bench(root: &Path, part: &str) -> anyhow::Result<Command> {
    let mut build = cargo(root);
    build.args(["build", "--release", "--package", "bench"]);
    succeed(&mut build, "the bench doesn't build")?;
    let mut bench = cargo(root);
    bench.args(["run", "--release", "--quiet", "--package", "bench", "--bin", "bench", "--", part]);
    Ok(bench)
}

fn succeed(command: &mut Command, otherwise: &'static str) -> anyhow::Result<()> {
    let status = command.status().context("cargo doesn't start")?;
    anyhow::ensure!(status.success(), otherwise);
    Ok(())
}
