//! Running commands.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Prepares a command of the workspace.
pub(crate) fn xtask(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(words).env("CARGO_MANIFEST_DIR", root().join("xtask")).env_remove("BB_NATS_URL");
    command
}

/// Runs a command to its end; its output must say that it went well.
pub(crate) fn succeed(mut command: Command) -> String {
    let output = command.output().expect("the command starts");
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a command to its end; it must fail, and what it says is the answer.
pub(crate) fn fail(mut command: Command) -> String {
    let output = command.output().expect("the command starts");
    assert!(!output.status.success(), "{}", said(&output));
    String::from_utf8(output.stderr).expect("text")
}

pub(crate) fn said(output: &Output) -> String {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{}\n{out}\n{err}", output.status)
}

/// The workspace that the tests belong to.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace").to_owned()
}

/// A command that goes on until it is told to end.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        Self { child: child.expect("the command starts") }
    }

    /// Waits for a file that the command writes.
    pub(crate) fn wait_for(&mut self, file: &Path) -> String {
        let began = Instant::now();
        loop {
            if let Ok(text) = std::fs::read_to_string(file) {
                return text;
            }
            let ended = self.child.try_wait().expect("the child is ours").is_some();
            let words = if ended { said(&self.take()) } else { String::new() };
            assert!(!ended, "the command ended before it was ready: {words}");
            assert!(began.elapsed() < READY_MAX, "the command is not ready");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Asks the command to end and waits until it has.
    pub(crate) fn stop(mut self) -> Output {
        self.signal(Signal::TERM);
        self.take()
    }

    /// Waits until the command has ended by itself.
    pub(crate) fn end(mut self) -> Output {
        self.take()
    }

    fn take(&mut self) -> Output {
        let child = std::mem::replace(
            &mut self.child,
            Command::new("true").spawn().expect("`true` starts"),
        );
        child.wait_with_output().expect("the child is ours")
    }

    fn signal(&self, signal: Signal) {
        signal_process(self.child.id(), signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::TERM);
        }
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process by its id.
pub(crate) fn signal_process(id: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(id).expect("a process id")).expect("a process id");
    // That the process is gone already is fine.
    let _ = kill_process(pid, signal);
}

/// Time for a build of the fleet, if it is cold, and a start.
const READY_MAX: Duration = Duration::from_mins(15);
