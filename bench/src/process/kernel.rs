//! What the kernel counts for a process.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill};
use nix::time::{clock_getcpuclockid, clock_gettime};

use super::{end, pid};
use crate::tools;

/// Time that a process has spent on processors, to the nanosecond; `/proc/<pid>/stat` says it in hundredths.
pub fn cpu(id: u32) -> anyhow::Result<Duration> {
    let clock = clock_getcpuclockid(pid(id)?).context("the process has no clock")?;
    Ok(clock_gettime(clock)?.into())
}

/// Counts the system calls of a process from now until it is asked, with `perf`.
#[derive(Debug)]
pub struct SystemCalls(Child);

impl SystemCalls {
    /// Begins to count; an error where `perf` is missing or not allowed.
    pub fn begin(id: u32) -> anyhow::Result<Self> {
        let mut command = Command::new(tools::program("perf")?);
        command.args(["stat", "-x", ",", "-e", "raw_syscalls:sys_enter", "-p"]).arg(id.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let counter = Self(command.spawn().context("perf doesn't start")?);
        // Perf says nowhere that it has attached; what it misses is the same for every cell.
        std::thread::sleep(Duration::from_millis(300));
        Ok(counter)
    }

    /// Ends counting and tells how many there were.
    pub fn end(mut self) -> anyhow::Result<u64> {
        kill(pid(self.0.id())?, Signal::SIGINT)?;
        let words = self.0.stderr.take().context("no standard error")?;
        self.0.wait()?;
        let text = std::io::read_to_string(words)?;
        let line = text.lines().find(|line| line.contains("sys_enter")).unwrap_or_default();
        let count = line.split(',').next().unwrap_or_default();
        count.parse().with_context(|| format!("perf counted nothing: {text}"))
    }
}

impl Drop for SystemCalls {
    fn drop(&mut self) {
        end(&mut self.0);
    }
}
