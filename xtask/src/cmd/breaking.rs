//! `cargo xtask breaking`.

mod baseline;
mod merge_base;

use std::path::Path;
use std::thread;

use anyhow::Context as _;
use bodybroker_codegen::check::allowance::Allowances;
use bodybroker_codegen::check::breaking::{RULES, Rule, breaking, chosen};
use time::OffsetDateTime;

use super::judge::{self, Entry};
use crate::ui;

pub(crate) use merge_base::Nothing;
use merge_base::{Ci, Target};

/// Checks what a change of the schemas breaks, as buf does
///
/// Honours `buf.yaml`, and `breaking.yaml` beside it: what may break, and until when. Ends with 0 if nothing was found,
/// with 100 if something was, and with 1 if it could not run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What the schemas were: a folder, a git ref, `.git#branch=main,subdir=proto`, a file with a descriptor set, or
    /// `merge-base:<branch>`. Default: `merge-base` with the branch that the change goes to
    #[arg(long, value_name = "BASELINE", default_value = merge_base::NAME, hide_default_value = true)]
    against: String,
    #[command(flatten)]
    flags: judge::Flags,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.flags.answer(&entries())? {
        return Ok(());
    }
    let input = args.flags.input(|config| &mut config.breaking.selection)?;
    // Both sides at once: neither needs the other.
    let (old, new) = thread::scope(|scope| {
        let new = scope.spawn(|| judge::compile(&input));
        let old = before(&args.against, &input);
        (old, new.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let new = match new? {
        Ok(new) => new,
        Err(violations) => return args.flags.report(&input, &violations),
    };
    let old = match old? {
        Ok(old) => old,
        Err(broken) => return Err(broken.report(&args.flags).into()),
    };
    let violations = breaking(&old, &new, &input.config.breaking)?;
    judge::leave((old, new));
    let today = OffsetDateTime::now_utc().date();
    let allowances = Allowances::find(&input.folder, &input.config, today)?;
    let judgement = allowances.judge(violations, &chosen(&input.config.breaking)?, today);
    if let Some(path) = &allowances.path {
        args.flags.tell(&judge::from_here(path), &judgement.notes);
    }
    args.flags.report(&input, &judgement.violations)
}

/// Reads what the schemas were.
fn before(against: &str, input: &judge::Input) -> anyhow::Result<baseline::Compiled> {
    let Some(target) = Target::parse(against) else { return baseline::read(against, input) };
    let base = merge_base::find(&input.folder, target, &Ci::here())
        .context("there is no baseline; name one with `--against`")?;
    ui::note(format!("compared with {base}"));
    baseline::read(&base.commit, input)
}

/// Tells whether there is a state that the schemas of a folder can be compared with.
pub(crate) fn has_base(folder: &Path) -> anyhow::Result<()> {
    merge_base::find(folder, Target::Usual, &Ci::here()).map(|_| ())
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
