//! The commands, one file each.

use clap::Subcommand;

mod bench;
mod breaking;
mod call;
mod chaos;
mod demo;
mod fuzz;
mod r#gen;
mod judge;
mod key;
mod lint;
mod ls;
mod new;
mod outbox;
mod streams;
mod sub;
mod test;
mod tools;
mod top;
mod up;

pub(crate) use r#gen::load as load_schema;
pub(crate) use judge::{FOUND, Found};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Gen(r#gen::Args),
    Lint(lint::Args),
    Breaking(breaking::Args),
    New(new::Args),
    Up(up::Args),
    Ls(ls::Args),
    Top(top::Args),
    Call(call::Args),
    Sub(sub::Args),
    Key(key::Args),
    Streams(streams::Args),
    Outbox(outbox::Args),
    Demo(demo::Args),
    Test(test::Args),
    Bench(bench::Args),
    Chaos(chaos::Args),
    Fuzz(fuzz::Args),
    Tools(tools::Args),
}

impl Command {
    /// Runs the command to its end.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self {
            Self::Gen(args) => r#gen::run(&args),
            Self::Lint(args) => lint::run(&args),
            Self::Breaking(args) => breaking::run(&args),
            Self::New(args) => new::run(&args),
            Self::Up(args) => up::run(&args),
            Self::Ls(args) => ls::run(&args),
            Self::Top(args) => top::run(&args),
            Self::Call(args) => call::run(&args),
            Self::Sub(args) => sub::run(&args),
            Self::Key(args) => key::run(&args),
            Self::Streams(args) => streams::run(&args),
            Self::Outbox(args) => outbox::run(&args),
            Self::Demo(args) => demo::run(&args),
            Self::Test(args) => test::run(&args),
            Self::Bench(args) => bench::run(&args),
            Self::Chaos(args) => chaos::run(&args),
            Self::Fuzz(args) => fuzz::run(&args),
            Self::Tools(args) => tools::run(&args),
        }
    }
}
