//! `cargo xtask test`.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::breaking;
use crate::tools::Tools;
use crate::{ui, workspace};

/// Runs every test
///
/// Installs what is missing, checks that `generated/` is what the schemas say, lints the schemas and lets buf do so
/// too, checks what their change breaks, and runs the tests and examples of the workspace against real servers.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run the long tests too: soaks and hundreds of restarts
    #[arg(long)]
    full: bool,
    /// Passed on to the test runner, such as a part of a test's name
    #[arg(last = true)]
    rest: Vec<String>,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    let tools = Tools::install(&root)?;
    tools.python()?;
    Tools::redis()?;
    step(&root, "the generated code", &cargo(&["xtask", "gen", "--check"]))?;
    // On GitHub each finding becomes a note beside the line of the pull request.
    let github = std::env::var_os("GITHUB_ACTIONS").is_some();
    let format = if github { "github-actions" } else { "text" };
    step(&root, "the schemas", &cargo(&["xtask", "lint", "--error-format", format]))?;
    for verb in ["lint", "build"] {
        let buf = tools.buf.display().to_string();
        step(&root, "the schemas", &[buf, verb.to_owned(), "proto".to_owned()])?;
    }
    step_change(&root, format)?;
    step(
        &root,
        "the examples in the documentation",
        &cargo(&["test", "--quiet", "--workspace", "--doc"]),
    )?;

    let mut tests = Command::new("cargo");
    if has_nextest() {
        tests.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
        if args.full {
            tests.args(["--run-ignored", "all"]);
        }
        tests.args(&args.rest);
    } else {
        tests.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]);
        tests.args(&args.rest);
        if args.full {
            tests.args(["--", "--include-ignored"]);
        }
    }
    run_step(&root, "the tests", tests)
}

/// Checks what the change of the schemas breaks, where there is something to compare them with.
fn step_change(root: &Path, format: &str) -> anyhow::Result<()> {
    let what = "the change of the schemas";
    let Err(error) = breaking::has_base(&root.join("proto")) else {
        return step(root, what, &cargo(&["xtask", "breaking", "--error-format", format]));
    };
    let nothing = error.downcast::<breaking::Nothing>()?;
    // Who only tries a shallow clone can go on; a build server that does would let every change pass.
    let strict = std::env::var_os("CI").is_some_and(|it| !it.is_empty());
    anyhow::ensure!(!(nothing.elsewhere && strict), "{what} can't be checked: {nothing}");
    ui::note(ui::bold(&format!("not checking {what}: {nothing}")));
    Ok(())
}

fn cargo(args: &[&str]) -> Vec<String> {
    std::iter::once("cargo").chain(args.iter().copied()).map(str::to_owned).collect()
}

fn step(root: &Path, what: &str, words: &[String]) -> anyhow::Result<()> {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    run_step(root, what, command)
}

fn run_step(root: &Path, what: &str, mut command: Command) -> anyhow::Result<()> {
    ui::note(ui::bold(&format!("checking {what}")));
    // Inside, `cargo` is to find its own way: what this run was told doesn't hold for another.
    command.env_remove("CARGO_MANIFEST_DIR").current_dir(root);
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().with_context(|| format!("{program} does not start"))?;
    anyhow::ensure!(status.success(), "{what} did not pass");
    Ok(())
}

fn has_nextest() -> bool {
    Command::new("cargo")
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}
