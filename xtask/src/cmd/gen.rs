//! `cargo xtask gen`.

use std::fs;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use bodybroker_codegen::apply::{self, Kind, Mode, Report};
use bodybroker_codegen::emit::{self, Files, Settings};
use bodybroker_codegen::{Findings, Input, Schema};

use crate::{ui, workspace};

mod manifest;
mod stamp;
mod watch;

use stamp::Stamp;

/// Folder that is written.
const OUTPUT: &str = "generated";

/// Columns of a finding.
const FINDING_WIDTH: usize = 100;

/// Changed files that are listed; more are counted.
const LISTED_MAX: usize = 12;

/// Writes `generated/` from `proto/`
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that people type")]
pub(crate) struct Args {
    /// Write nothing; fail and show the difference if a file is missing, stale or extra
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change
    #[arg(long, conflicts_with = "check")]
    diff: bool,
    /// Write nothing; print what the schemas mean
    #[arg(long, conflicts_with_all = ["check", "diff"])]
    print_model: bool,
    /// Write again whenever a schema changes, until interrupted
    #[arg(long, conflicts_with_all = ["check", "diff", "print_model"])]
    watch: bool,
}

/// Runs the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let root = workspace::root()?;
    match args {
        Args { watch: true, .. } => watch::run(&root),
        Args { print_model: true, .. } => {
            ui::say(bodybroker_codegen::schema::print(&load(&root)?.model).trim_end());
            Ok(())
        }
        Args { check: true, .. } => check(&root),
        Args { diff: true, .. } => diff(&root),
        Args { .. } => write(&root),
    }
}

/// Brings `generated/` up to date and says what changed.
pub(crate) fn write(root: &Path) -> anyhow::Result<()> {
    let started = Instant::now();
    // What can't be read is for the generator to complain about.
    let stamp = Stamp::of(root).ok();
    if let Some(files) = stamp.and_then(|stamp| stamp.unchanged(root)) {
        let seconds = started.elapsed().as_secs_f64();
        ui::say(format!("{files} files: nothing has changed ({seconds:.2} s)"));
        return Ok(());
    }
    let (packages, files) = generate(root)?;
    let report = apply(root, &files, Mode::Write)?;
    list(&report);
    let (missing, stale) = (report.count(Kind::Missing), report.count(Kind::Stale));
    let removed = report.count(Kind::Extra);
    let mut line =
        format!("{packages} packages, {} files: {} written", files.len(), missing + stale);
    if removed > 0 {
        line.extend([", ", &removed.to_string(), " removed"]);
    }
    let seconds = started.elapsed().as_secs_f64();
    ui::say(format!("{line}, {} unchanged ({seconds:.2} s)", report.unchanged));
    let missing = manifest::missing(root, &files)?;
    for line in &missing {
        ui::note(format!("note: add `{line}` to [workspace.dependencies] in Cargo.toml"));
    }
    if let Some(stamp) = stamp.filter(|_| missing.is_empty() && report.count(Kind::Foreign) == 0) {
        stamp.keep(root, &files);
    }
    Ok(())
}

fn check(root: &Path) -> anyhow::Result<()> {
    let (packages, files) = generate(root)?;
    let report = apply(root, &files, Mode::Check)?;
    for change in &report.changes {
        ui::say(change.diff().trim_end());
    }
    for change in &report.changes {
        ui::note(format!("{OUTPUT}/{change}"));
    }
    let missing = manifest::missing(root, &files)?;
    for line in &missing {
        ui::note(format!("Cargo.toml lacks `{line}` under [workspace.dependencies]"));
    }
    anyhow::ensure!(report.is_clean(), "{OUTPUT}/ is not what proto/ says; run `cargo xtask gen`");
    anyhow::ensure!(missing.is_empty(), "Cargo.toml lacks generated crates; add the lines above");
    ui::say(format!("{packages} packages, {} files: all up to date", files.len()));
    Ok(())
}

fn diff(root: &Path) -> anyhow::Result<()> {
    let (_, files) = generate(root)?;
    for change in apply(root, &files, Mode::Check)?.changes {
        ui::say(change.diff().trim_end());
    }
    Ok(())
}

/// Reads the schemas; every finding is in the error.
pub(crate) fn load(root: &Path) -> anyhow::Result<Schema> {
    let input = Input::new(root.join("proto")).strip_prefix("bodybroker");
    bodybroker_codegen::load(&input).map_err(|findings| refused(&findings))
}

/// Shows findings; says what to do about them.
fn refused(findings: &Findings) -> anyhow::Error {
    ui::note(findings.render(FINDING_WIDTH, std::io::stderr().is_terminal()).trim_end());
    anyhow::anyhow!("correct proto/ and run `cargo xtask gen` again; nothing was written")
}

/// Generates everything, in memory; says how many packages there are.
fn generate(root: &Path) -> anyhow::Result<(usize, Files)> {
    let schema = load(root)?;
    let files = emit::emit(&schema, &Settings::crates("bodybroker-"));
    let files = files.map_err(|findings| refused(&findings))?;
    Ok((schema.model.packages.len(), files))
}

fn apply(root: &Path, files: &Files, mode: Mode) -> anyhow::Result<Report> {
    apply::apply(files, &root.join(OUTPUT), mode)
        .with_context(|| format!("{OUTPUT}/ can't be brought up to date"))
}

fn list(report: &Report) {
    for change in report.changes.iter().take(LISTED_MAX) {
        let verb = match change.kind {
            Kind::Missing | Kind::Stale => "wrote",
            Kind::Extra => "removed",
            Kind::Foreign => "left alone",
        };
        ui::note(format!("{verb} {OUTPUT}/{}", change.path));
    }
    if let Some(more) = report.changes.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
        ui::note(format!("and {more} more"));
    }
}

/// Whether a path of the schema folder is a schema.
fn is_schema(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "proto")
}

/// Reads a file of the workspace.
fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
}
