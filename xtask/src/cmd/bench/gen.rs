//! `cargo xtask bench gen`: how long the generator takes, and how long what it writes takes to compile.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use comfy_table::Table;
use comfy_table::presets::ASCII_MARKDOWN;

use super::succeed;
use crate::ui;
use crate::workspace::cargo;

mod compile;
mod run;

/// Most that a first generation may take.
const COLD_MAX: Duration = Duration::from_secs(1);

/// Most that one may take which changes nothing.
const UNCHANGED_MAX: Duration = Duration::from_millis(100);

/// Measures the generator, and the compilation of what it writes
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Leaves out the compilation, which takes minutes
    #[arg(long)]
    no_compile: bool,
    /// Runs of the generator; the median counts
    #[arg(long, default_value_t = 9, value_name = "N")]
    runs: usize,
}

/// Runs the command. It never fails because something was slow.
pub(super) fn run(root: &Path, args: &Args) -> anyhow::Result<()> {
    let mut build = cargo(root);
    succeed(build.args(["build", "--release", "--package", "xtask"]), "xtask doesn't build")?;
    let copy = Copy::new(root)?;
    let generator = run::Generator::new(root, copy.root())?;

    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(vec!["what", "time", "target", "verdict"]);
    let cold = generator.cold(args.runs)?;
    row(&mut table, "gen, nothing written yet", cold, Some(COLD_MAX));
    let unchanged = generator.unchanged(args.runs)?;
    row(&mut table, "gen, nothing changed", unchanged, Some(UNCHANGED_MAX));
    if !args.no_compile {
        let times = compile::measure(copy.root(), &generator)?;
        row(&mut table, "compile dependencies and runtime", times.dependencies, None);
        row(&mut table, "compile generated/, from scratch", times.scratch, None);
        let edit =
            format!("compile after an edit of {}: {}", times.edited, times.rebuilt.join(", "));
        row(&mut table, &edit, times.edit, None);
    }
    ui::say(table);
    Ok(())
}

fn row(table: &mut Table, what: &str, time: Duration, limit: Option<Duration>) {
    let verdict = limit.map_or("", |limit| if time < limit { "met" } else { "NOT MET" });
    table.add_row(vec![
        what.to_owned(),
        format!("{:.3} s", time.as_secs_f64()),
        limit.map_or_else(String::new, |limit| format!("< {:.1} s", limit.as_secs_f64())),
        verdict.to_owned(),
    ]);
}

/// A copy of the workspace, where schemas are edited and nobody is disturbed. Removed on drop.
struct Copy(std::path::PathBuf);

impl Copy {
    fn new(root: &Path) -> anyhow::Result<Self> {
        let copy =
            std::env::temp_dir().join(format!("bodybroker-bench-gen-{}", std::process::id()));
        fs::create_dir_all(&copy).with_context(|| format!("{} can't be made", copy.display()))?;
        let copy = Self(copy);
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .context("git doesn't start")?;
        anyhow::ensure!(listed.status.success(), "git doesn't list the files of the workspace");
        for path in String::from_utf8(listed.stdout)?.split('\0').filter(|path| !path.is_empty()) {
            let (from, to) = (root.join(path), copy.0.join(path));
            if !from.is_file() {
                continue;
            }
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::copy(&from, &to).with_context(|| format!("{} can't be copied", from.display()))?;
        }
        Ok(copy)
    }

    fn root(&self) -> &Path {
        &self.0
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What is left behind lies in the folder for temporary files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
