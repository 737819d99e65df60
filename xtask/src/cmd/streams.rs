//! `cargo xtask streams`.

use crate::server::{self, Server};
use crate::system::Fleet;
use crate::workspace;

/// Compares the streams and buckets of a server with the schemas, or makes them what the schemas say
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Tell what `apply` would change; fails where it would be refused
    Plan(Options),
    /// Make them, buckets first
    Apply(Options),
}

#[derive(Debug, clap::Args)]
struct Options {
    /// Make changes that take something away, too: older messages, copies, subjects
    #[arg(long)]
    allow_destruction: bool,
    #[command(flatten)]
    server: Server,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (word, options) = match &args.action {
        Action::Plan(options) => ("plan", options),
        Action::Apply(options) => ("provision", options),
    };
    let root = workspace::root()?;
    let url = options.server.url(&root)?;
    let fleet = Fleet::build(&root)?;
    server::block_on(async {
        let mut command = fleet.command(word, &url);
        command.args(options.allow_destruction.then_some("--allow-destruction"));
        let status = command.env("BB_LOG", "warn").status().await?;
        anyhow::ensure!(status.success(), "nothing more was done");
        Ok(())
    })
}
