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

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    match &args.what {
        What::Rpc(args) => rpc(&root, args),
        What::Cache(args) => cache(&root, args),
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
    if let Some(file) = &args.json {
        // The measuring program runs where the workspace is, not where the person is.
        bench.arg("--json").arg(std::path::absolute(file)?);
    }
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
