//! `cargo xtask bench schema`: how long judging schemas takes, beside buf, on the same input in the same run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::{cargo, succeed};
use crate::tools::Tools;
use crate::ui;

/// Copies of every service's schema.
const SIZES: [usize; 3] = [1, 10, 100];

/// What both judge by.
const CONFIG: &str = "version: v2\nlint:\n  use: [STANDARD, COMMENTS]\n  except: [PROTOVALIDATE]\n";

/// Measures the linter beside buf, with 1, 10 and 100 times the schemas
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Runs of each; the median counts
    #[arg(long, default_value_t = 5, value_name = "N")]
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
    table.set_header(vec!["what", "files", "ours", "buf", "ratio", "ours, per file"]);
    for times in SIZES {
        let folder = tempfile::tempdir().context("no folder for temporary files")?;
        let files = multiply(&root.join("proto"), folder.path(), times)?;
        let (mut ours, mut buf) = (Vec::new(), Vec::new());
        // By turns, so that whatever else the machine does falls on both.
        for _ in 0..args.runs.max(1) {
            let categories = ["lint", "--input", ".", "--category", "STANDARD,COMMENTS"];
            ours.push(time(Command::new(&xtask).args(categories), folder.path())?);
            buf.push(time(Command::new(&tools.buf).arg("lint"), folder.path())?);
        }
        let (ours, buf) = (median(ours), median(buf));
        let each = ours.as_secs_f64() / f64::from(u32::try_from(files)?);
        table.add_row(vec![
            format!("lint, {times} x"),
            files.to_string(),
            format!("{:.3} s", ours.as_secs_f64()),
            format!("{:.3} s", buf.as_secs_f64()),
            format!("{:.2}", buf.as_secs_f64() / ours.as_secs_f64()),
            format!("{:.0} us", each * 1e6),
        ]);
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

/// Copies schemas with every service's package several times, under other names; says how many files there are.
fn multiply(from: &Path, to: &Path, times: usize) -> anyhow::Result<usize> {
    fs::write(to.join("buf.yaml"), CONFIG)?;
    let mut count = 0;
    let mut open = vec![from.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let text = fs::read_to_string(&path)?;
            let name = path.strip_prefix(from)?.to_string_lossy().replace('\\', "/");
            for (name, text) in copies(&name, &text, times) {
                let path = to.join(name);
                fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
                fs::write(path, text)?;
                count += 1;
            }
        }
    }
    Ok(count)
}

/// A schema under several names. What others import stays one.
fn copies(name: &str, text: &str, times: usize) -> Vec<(String, String)> {
    let mut copies = vec![(name.to_owned(), text.to_owned())];
    let parts: Vec<_> = name.split('/').collect();
    let [top @ "bodybroker", package, ..] = parts[..] else { return copies };
    if ["common", "options"].contains(&package) {
        return copies;
    }
    for index in 1..times {
        let (old, new) = (format!("{top}/{package}/"), format!("{top}/{package}{index}/"));
        let line = format!("package {top}.{package}.");
        let text = text.replace(&line, &format!("package {top}.{package}{index}."));
        copies.push((name.replacen(&old, &new, 1), text));
    }
    copies
}

/// How long a program runs that finds nothing.
fn time(command: &mut Command, folder: &Path) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let output = command.current_dir(folder).env_remove("CARGO_MANIFEST_DIR").output()?;
    let time = started.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    let found = String::from_utf8_lossy(&output.stdout);
    let first = found.lines().chain(said.lines()).next().unwrap_or_default();
    anyhow::ensure!(output.status.success(), "{} failed: {first}", command.get_program().display());
    Ok(time)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
