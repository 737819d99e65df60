//! Child processes, spoken to in lines, and what the kernel counts for them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use nix::unistd::Pid;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::role::{ALLOCATIONS_ORDER, Word};
use crate::sample::{Load, Sample};

mod broker;
mod fastapi;
mod kernel;

pub use broker::Broker;
pub use fastapi::FastApi;
pub use kernel::{SystemCalls, cpu};

/// A server or client of a cell. Dropping it ends it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts one of our own programs, and waits until it is ready; the address that it serves at is the second part.
    pub fn start(command: &mut Command) -> anyhow::Result<(Self, String)> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{command:?} doesn't start"))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut process = Self { child, input, output };
        match process.hear()? {
            Word::Ready(address) => Ok((process, address)),
            Word::Allocations(_) => anyhow::bail!("{command:?} spoke before it was asked"),
        }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has a client run a round.
    pub fn run(&mut self, load: Load) -> anyhow::Result<Sample> {
        self.ask(&load)
    }

    /// Gives an order, and waits for its answer.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, order: &impl Serialize) -> anyhow::Result<T> {
        self.tell(order)?;
        self.hear()
    }

    /// Asks a server how often it has allocated.
    pub fn allocations(&mut self) -> anyhow::Result<Option<u64>> {
        self.write(ALLOCATIONS_ORDER)?;
        match self.hear()? {
            Word::Allocations(count) => Ok(count),
            Word::Ready(_) => anyhow::bail!("the server started twice"),
        }
    }

    /// Ends it in order, so that an instrumenting emulator writes its files.
    pub fn finish(mut self) -> anyhow::Result<()> {
        drop(self.input.take());
        self.child.wait()?;
        Ok(())
    }

    /// Gives an order.
    pub(crate) fn tell(&mut self, order: &impl Serialize) -> anyhow::Result<()> {
        self.write(&serde_json::to_string(order)?)
    }

    fn write(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("the process has been finished")?;
        writeln!(input, "{line}").context("the process is gone")
    }

    /// Waits for an answer.
    pub(crate) fn hear<T: DeserializeOwned>(&mut self) -> anyhow::Result<T> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        anyhow::ensure!(!line.is_empty(), "the process died; its words stand above");
        serde_json::from_str(&line).with_context(|| format!("unexpected words: {line}"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}

fn pid(id: u32) -> anyhow::Result<Pid> {
    Ok(Pid::from_raw(i32::try_from(id)?))
}
