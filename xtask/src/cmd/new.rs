//! `cargo xtask new`.

/// Adds a service: its schema, its crate and its place in the fleet
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(_args: &Args) -> anyhow::Result<()> {
    anyhow::bail!("not written yet")
}
