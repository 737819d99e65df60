//! Workers: processes that try inputs and may die of one.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::input::Input;
use crate::{corpus, trial};

/// Time between two looks at the workers.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// What no input may take, on a busy machine too.
const HANG: Duration = Duration::from_secs(20);

/// Memory of a worker: no schema of some kilobytes may need more.
const MEMORY_BYTES: u64 = 2 << 30;

/// How a panic begins to speak.
const PANICKED: &str = "panicked at ";

/// Tries every `step`th input from a number on, without end.
pub(crate) fn work(first: u64, step: u64) {
    let bases = corpus::read();
    bound_memory();
    let mut out = std::io::stdout();
    for number in (first..).step_by(usize::try_from(step).unwrap_or(1)) {
        // A parent that is gone needs no answers.
        if writeln!(out, "{number}").and_then(|()| out.flush()).is_err() {
            return;
        }
        trial::bounded(Input::of(number, &bases));
    }
}

/// Makes whatever asks for too much memory fail at once, before the machine swaps.
pub(crate) fn bound_memory() {
    let limit = Rlimit { current: Some(MEMORY_BYTES), maximum: Some(MEMORY_BYTES) };
    let _ = setrlimit(Resource::As, limit);
}

/// An input that fails, and how.
pub(crate) struct Failure {
    pub(crate) number: u64,
    pub(crate) kind: String,
}

/// A process that tries inputs.
pub(crate) struct Worker {
    process: Process,
    numbers: Receiver<u64>,
    step: u64,
    current: u64,
    since: Instant,
    tried: u64,
}

impl Worker {
    /// Starts at a number.
    pub(crate) fn start(first: u64, step: u64) -> anyhow::Result<Self> {
        let mut command = this()?;
        command.args(["work", &first.to_string(), &step.to_string()]).stdout(Stdio::piped());
        let mut process = Process::start(&mut command, &format!("worker-{first}"))?;
        let out = process.child.stdout.take().context("a worker says nothing")?;
        let (sender, numbers) = mpsc::channel();
        thread::spawn(move || {
            let said = BufReader::new(out).lines().map_while(Result::ok);
            for number in said.filter_map(|line| line.parse().ok()) {
                let _ = sender.send(number);
            }
        });
        Ok(Self { process, numbers, step, current: first, since: Instant::now(), tried: 0 })
    }

    /// Goes on at another number in a new process.
    pub(crate) fn restart(&mut self, first: u64) -> anyhow::Result<()> {
        let tried = self.tried;
        *self = Self::start(first, self.step)?;
        self.tried = tried;
        Ok(())
    }

    /// How many inputs were begun.
    pub(crate) fn tried(&self) -> u64 {
        self.tried
    }

    /// Looks whether the worker has died or hangs.
    pub(crate) fn failure(&mut self) -> anyhow::Result<Option<Failure>> {
        let status = self.process.child.try_wait()?;
        // What it said last arrives before the end of what it says.
        while let Some(number) = self.next(status.is_some()) {
            (self.current, self.since) = (number, Instant::now());
            self.tried += 1;
        }
        let kind = match status {
            Some(status) => self.process.kind(status)?,
            None if self.since.elapsed() > HANG => hang(),
            None => return Ok(None),
        };
        Ok(Some(Failure { number: self.current, kind }))
    }

    fn next(&self, ended: bool) -> Option<u64> {
        if ended { self.numbers.recv().ok() } else { self.numbers.try_recv().ok() }
    }
}

/// Tries an input that was written; says how it fails, if it does.
pub(crate) fn replay(folder: &Path) -> anyhow::Result<Option<String>> {
    let mut command = this()?;
    command.arg("replay").arg(folder).stdout(Stdio::null());
    let mut process = Process::start(&mut command, "replay")?;
    let started = Instant::now();
    loop {
        if let Some(status) = process.child.try_wait()? {
            return if status.success() { Ok(None) } else { process.kind(status).map(Some) };
        }
        if started.elapsed() > HANG {
            return Ok(Some(hang()));
        }
        thread::sleep(PAUSE / 4);
    }
}

fn this() -> anyhow::Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}

fn hang() -> String {
    format!("takes more than {} s", HANG.as_secs())
}

/// A process that is killed when nobody waits for it any more, and what it says when it dies.
struct Process {
    child: Child,
    errors: PathBuf,
}

impl Process {
    fn start(command: &mut Command, name: &str) -> anyhow::Result<Self> {
        let name = format!("fuzz-{}-{name}.stderr", std::process::id());
        let errors = std::env::temp_dir().join(name);
        let file = File::create(&errors)?;
        let child = command.stdin(Stdio::null()).stderr(file).spawn().context("no worker")?;
        Ok(Self { child, errors })
    }

    /// How it died: the place of the last panic, or what the system says.
    fn kind(&self, status: ExitStatus) -> anyhow::Result<String> {
        let said = String::from_utf8_lossy(&fs::read(&self.errors)?).into_owned();
        let fatal = ["has overflowed its stack", "memory allocation of"];
        let fatal = fatal.iter().find(|words| said.contains(**words));
        let panic = said.lines().rev().find_map(|line| line.split_once(PANICKED));
        Ok(match (fatal, panic) {
            (Some(words), _) => (*words).to_owned(),
            (None, Some((_, place))) => format!("{PANICKED}{}", place.trim_end_matches(':')),
            (None, None) => status.to_string(),
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.errors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(script: &str) -> String {
        let mut process = Process::start(Command::new("sh").args(["-c", script]), "test").unwrap();
        let status = process.child.wait().unwrap();
        process.kind(status).unwrap()
    }

    #[test]
    fn whatever_kills_a_process_has_a_name() {
        assert_eq!(kind("echo panicked at a.rs:1:2: >&2; exit 101"), "panicked at a.rs:1:2");
        let overflow = "echo panicked at a.rs:1:2: >&2; echo has overflowed its stack >&2; exit 1";
        assert_eq!(kind(overflow), "has overflowed its stack");
        assert_eq!(kind("exit 7"), "exit status: 7");
    }
}
