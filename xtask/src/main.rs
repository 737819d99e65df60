//! The project's commands: `cargo xtask <command>`.

use std::process::ExitCode;

use clap::Parser;

mod caller;
mod catalogue;
mod cmd;
mod discovery;
mod duration;
mod git;
mod keys;
mod server;
mod shown;
mod signals;
mod system;
mod tools;
mod ui;
mod workspace;

/// Everything the project can do, from schema to a running system.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: cmd::Command,
}

fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::error(&error);
            if error.is::<cmd::Found>() { ExitCode::from(cmd::FOUND) } else { ExitCode::FAILURE }
        }
    }
}
