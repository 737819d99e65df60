//! `cargo xtask breaking`.

mod baseline;

use bodybroker_codegen::check::breaking::{RULES, Rule, breaking};

use super::judge::{self, Entry};

/// Checks what a change of the schemas breaks, as buf does
///
/// Honours `buf.yaml`. Ends with 0 if nothing was found, with 100 if something was, and with 1 if it could not run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the schemas were: a folder, a git ref, `.git#branch=main,subdir=proto`, or a file with a descriptor set
    #[arg(long, value_name = "BASELINE", required_unless_present_any = ["explain", "list"])]
    against: Option<String>,
    #[command(flatten)]
    flags: judge::Flags,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.flags.answer(&entries())? {
        return Ok(());
    }
    let input = args.flags.input(|config| &mut config.breaking.selection)?;
    let old = baseline::read(args.against.as_deref().unwrap_or_default(), &input)?;
    let violations = match (old, judge::compile(&input)?) {
        (Ok(old), Ok(new)) => breaking(&old, &new, &input.config.breaking)?,
        (Err(violations), _) | (Ok(_), Err(violations)) => violations,
    };
    args.flags.report(&input, &violations)
}

fn entries() -> Vec<Entry> {
    let entry = |rule: &Rule| Entry {
        id: rule.id,
        categories: rule.categories,
        default: rule.default(),
        page: rule.page(),
    };
    RULES.iter().map(entry).collect()
}
