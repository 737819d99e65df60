//! `cargo xtask key`.

use std::path::PathBuf;

use anyhow::Context as _;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::{keys, ui};

/// Makes keys for sensitive fields
///
/// docs/keys.md says how they are introduced, replaced and lost.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Makes a random key, and prints the line that a file of keys has for it
    New {
        /// Its id; by default today's date
        #[arg(long)]
        id: Option<String>,
        /// File to add it to instead, behind the keys that are there: it opens, and seals once it is moved to the first place
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let Action::New { id, file } = &args.action;
    let id = match id {
        Some(id) => id.clone(),
        None => OffsetDateTime::now_utc()
            .format(format_description!("[year]-[month]-[day]"))
            .context("the date can't be written")?,
    };
    match file {
        Some(file) => {
            keys::add(file, &id)?;
            ui::note(format!("{} has the key `{id}` now", file.display()));
        }
        None => ui::say(&*keys::line(&id)?),
    }
    Ok(())
}
