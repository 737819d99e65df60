//! A child process with a log.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// A child process, killed when it is dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: String,
    id: u32,
    child: Child,
    log: PathBuf,
}

/// Lines of a log that an error shows.
const TAIL_LINES: usize = 12;

impl Process {
    /// Starts a process whose output goes to a log.
    pub(super) fn spawn(name: &str, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let output = fs::OpenOptions::new().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        // A group of its own: Ctrl-C in the terminal must not reach it before its turn to drain.
        command.process_group(0).kill_on_drop(true);
        let child = command.spawn().with_context(|| format!("{name} does not start"))?;
        let id = child.id().with_context(|| format!("{name} ended at once"))?;
        Ok(Self { name: name.to_owned(), id, child, log: log.to_owned() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The name without the instance's number.
    pub(super) fn service(&self) -> &str {
        self.name.rsplit_once('-').map_or(&self.name, |(service, _)| service)
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Fails when the process has ended.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => anyhow::bail!("{} ended ({status}): {}", self.name, self.log_tail()),
        }
    }

    /// Asks the process to finish its work and end.
    pub(super) fn terminate(&self) {
        let running = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = running {
            // That it is gone already is what was wanted.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Completes when the process ends; fails when it fails or takes too long, and is killed then.
    pub(super) async fn wait(&mut self, max: Duration) -> anyhow::Result<()> {
        let Ok(status) = tokio::time::timeout(max, self.child.wait()).await else {
            self.child.kill().await?;
            anyhow::bail!("{} did not drain within {max:?} and was killed", self.name);
        };
        let status = status?;
        anyhow::ensure!(status.success(), "{} ended ({status}): {}", self.name, self.log_tail());
        Ok(())
    }

    /// The last lines of the log.
    pub(super) fn log_tail(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
    }
}
