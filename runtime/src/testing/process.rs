//! A process that ends with its owner.

use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};

/// A process, or none; killed when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Process(Option<Child>);

impl Process {
    pub(super) fn new(child: Child) -> Self {
        Self(Some(child))
    }

    /// Kills it with SIGKILL, and waits for its end. Does nothing when there is none.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether it runs, or is paused.
    pub(super) fn is_up(&mut self) -> bool {
        self.0.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    pub(super) fn signal(&self, signal: Signal) {
        let Some(child) = &self.0 else { return };
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = kill_process(pid, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
