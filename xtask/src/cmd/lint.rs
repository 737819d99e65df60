//! `cargo xtask lint`.

use bodybroker_codegen::check::lint::{RULES, lint};

use super::judge::{self, Entry};

/// Checks the style of the schemas, as buf does
///
/// Honours `buf.yaml` and `// buf:lint:ignore RULE`. Ends with 0 if nothing was found, with 100 if something was, and
/// with 1 if it could not run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    flags: judge::Flags,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.flags.answer(&entries())? {
        return Ok(());
    }
    let input = args.flags.input(|config| &mut config.lint.selection)?;
    let violations = match judge::compile(&input)? {
        Ok(image) => {
            let violations = lint(&image, &input.config)?;
            judge::leave(image);
            violations
        }
        Err(violations) => violations,
    };
    args.flags.report(&input, &violations)
}

fn entries() -> Vec<Entry> {
    let entry = |rule: &bodybroker_codegen::check::lint::Rule| Entry {
        id: rule.id,
        categories: rule.categories,
        default: rule.default(),
        page: rule.page(),
    };
    RULES.iter().map(entry).collect()
}
