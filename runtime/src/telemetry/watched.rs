//! A call that is being watched: timed from its start to its end.

use std::time::Duration;

use tokio::time::Instant;

use super::recorder;
use super::times::Times;
use crate::spec::MethodSpec;
use crate::status::{Result, Status};

/// A call that is being watched. One that is dropped before its end was given up.
#[derive(Debug)]
pub(crate) struct Watched {
    method: &'static MethodSpec,
    started: Instant,
    ended: bool,
}

impl Watched {
    /// Watches a call that starts now; `None` when nobody cares.
    pub(crate) fn start(method: &'static MethodSpec, now: Instant) -> Option<Self> {
        recorder::is_on().then_some(Self { method, started: now, ended: false })
    }

    /// Notes how a call ended, if it is watched.
    pub(crate) fn end(watched: &mut Option<Self>, how: Result<(), &Status>) {
        if let Some(mut watched) = watched.take() {
            watched.ended = true;
            watched.note(how);
        }
    }

    fn note(&self, how: Result<(), &Status>) {
        if let Some(times) = Times::of(self.method) {
            times.called(self.took(), how);
        }
    }

    fn took(&self) -> Duration {
        self.started.elapsed()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.ended {
            self.note(Err(&Status::cancelled("the call was dropped")));
        }
    }
}
