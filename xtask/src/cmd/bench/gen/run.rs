//! The generator as a process, start and all.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::workspace::cargo;

/// The optimised program, and the workspace that it works in.
pub(super) struct Generator {
    program: PathBuf,
    root: PathBuf,
}

impl Generator {
    /// Finds the program that was built in `workspace`, to be run in `root`.
    pub(super) fn new(workspace: &Path, root: &Path) -> anyhow::Result<Self> {
        let output = cargo(workspace)
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo doesn't start")?;
        let text = String::from_utf8(output.stdout)?;
        let (_, rest) = text
            .split_once("\"target_directory\":\"")
            .context("cargo doesn't say where it builds")?;
        let target = rest.split('"').next().unwrap_or_default();
        let program = Path::new(target).join("release/xtask");
        anyhow::ensure!(program.is_file(), "{} is missing", program.display());
        Ok(Self { program, root: root.to_owned() })
    }

    /// Median time into an empty folder.
    pub(super) fn cold(&self, runs: usize) -> anyhow::Result<Duration> {
        median(runs, || {
            fs::remove_dir_all(self.root.join("generated"))
                .context("generated/ can't be removed")?;
            fs::create_dir(self.root.join("generated"))?;
            self.once()
        })
    }

    /// Median time when everything is there already.
    pub(super) fn unchanged(&self, runs: usize) -> anyhow::Result<Duration> {
        median(runs, || self.once())
    }

    /// Time of one run.
    pub(super) fn once(&self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        let output = Command::new(&self.program)
            .arg("gen")
            .current_dir(&self.root)
            .env("CARGO_MANIFEST_DIR", self.root.join("xtask"))
            .output()
            .context("the generator doesn't start")?;
        let time = started.elapsed();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        anyhow::ensure!(output.status.success(), "the generator failed: {words}");
        Ok(time)
    }
}

fn median(
    runs: usize,
    mut once: impl FnMut() -> anyhow::Result<Duration>,
) -> anyhow::Result<Duration> {
    let mut times = (0..runs.max(1)).map(|_| once()).collect::<anyhow::Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
