//! `cargo xtask tools`.

use crate::tools::Tools;
use crate::{ui, workspace};

/// Installs what the other commands need into `.tools`
///
/// A pinned nats-server and buf, checked by hash, and a Python environment for the tests that speak to our services
/// with other people's clients. A newer nats-server on PATH is used as it is, and so is redis-server, which is otherwise
/// installed with apt-get. Needs Python 3 with pip. The other
/// commands call this themselves; what is there already is left alone.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// Runs the command.
pub(crate) fn run(Args {}: &Args) -> anyhow::Result<()> {
    let tools = Tools::install(&workspace::root()?)?;
    tools.python()?;
    Tools::redis()?;
    ui::say(&tools);
    Ok(())
}
