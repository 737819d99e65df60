//! `cargo xtask bench schema`: how long judging schemas takes, beside buf, on the same input in the same run.

mod copies;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::succeed;
use crate::cmd::FOUND;
use crate::tools::Tools;
use crate::ui;
use crate::workspace::cargo;

/// Copies of every service's schema.
const SIZES: [usize; 3] = [1, 10, 100];

/// What is measured. Every word is for both: flags, formats and categories are buf's.
const VERBS: [Verb; 2] = [
    Verb { name: "lint", flags: &[], ours: &["--category", "STANDARD,COMMENTS"] },
    Verb { name: "breaking", flags: &["--against", "../was"], ours: &["--category", "FILE"] },
];

/// A command that both have.
struct Verb {
    name: &'static str,
    flags: &'static [&'static str],
    /// Leaves out what only we judge: buf chooses the same in its `buf.yaml`.
    ours: &'static [&'static str],
}

/// Measures the linter and the judge of changes beside buf, with 1, 10 and 100 times the schemas
///
/// Both find the same, which is checked: a handful of mistakes at each size. The last column is ours with the rules
/// that only we have, which buf has no time for.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Runs of each; the median counts
    #[arg(long, default_value_t = 9, value_name = "N")]
    runs: usize,
}

/// Runs the command. It never fails because something was slow.
pub(super) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let tools = Tools::install(root)?;
    let mut build = cargo(root);
    succeed(build.args(["build", "--release", "--package", "xtask"]), "xtask doesn't build")?;
    let xtask = release(root)?;
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    table.set_header([
        "what",
        "files",
        "lines",
        "findings",
        "ours",
        "buf",
        "buf / ours",
        "ours, 1000 lines",
        "buf, 1000 lines",
        "ours with NATS",
    ]);
    for times in SIZES {
        let folder = tempfile::tempdir().context("no folder for temporary files")?;
        let (files, lines) = copies::write(&root.join("proto"), folder.path(), times)?;
        let is = folder.path().join("is");
        for verb in VERBS {
            let full = || command(&xtask, &verb, &["--input", "."], &is);
            let ours = || {
                let mut command = full();
                command.args(verb.ours);
                command
            };
            let buf = || command(&tools.buf, &verb, &[], &is);
            let found = found(&mut ours())?;
            anyhow::ensure!(!found.is_empty(), "{} finds nothing", verb.name);
            anyhow::ensure!(found == self::found(&mut buf())?, "{}: buf disagrees", verb.name);
            let mut times_of = [Vec::new(), Vec::new(), Vec::new()];
            // By turns, so that whatever else the machine does falls on all.
            for _ in 0..args.runs.max(1) {
                for (times, mut command) in times_of.iter_mut().zip([ours(), buf(), full()]) {
                    times.push(time(&mut command)?.0);
                }
            }
            let [ours, buf, full] = times_of.map(median);
            table.add_row([
                format!("{}, {times} x", verb.name),
                files.to_string(),
                lines.to_string(),
                found.len().to_string(),
                seconds(ours),
                seconds(buf),
                format!("{:.2}", buf.as_secs_f64() / ours.as_secs_f64()),
                each(ours, lines),
                each(buf, lines),
                seconds(full),
            ]);
        }
    }
    ui::say(table);
    Ok(())
}

/// The program that was built for release.
fn release(root: &Path) -> anyhow::Result<PathBuf> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let xtask = root.join(target).join("release/xtask");
    anyhow::ensure!(xtask.is_file(), "{} is not there", xtask.display());
    Ok(xtask)
}

fn command(program: &Path, verb: &Verb, more: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg(verb.name).args(verb.flags).args(["--error-format", "json"]).args(more);
    command.current_dir(folder).env_remove("CARGO_MANIFEST_DIR");
    command
}

/// What a program finds: lines of JSON.
fn found(command: &mut Command) -> anyhow::Result<BTreeSet<String>> {
    let (_, output) = time(command)?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// How long a program runs that judges.
fn time(command: &mut Command) -> anyhow::Result<(Duration, Output)> {
    let started = Instant::now();
    let output = command.output()?;
    let time = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    let judged = output.status.success() || output.status.code() == Some(FOUND.into());
    anyhow::ensure!(judged, "{} failed: {said}", command.get_program().display());
    Ok((time, output))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

/// What a thousand lines take: files differ too much, and those of which there is one copy are small.
fn each(time: Duration, lines: usize) -> String {
    format!("{} us", time.as_micros() * 1000 / lines as u128)
}
