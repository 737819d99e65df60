//! A call that is being watched: timed from its start to its end, and a span.

use std::time::Duration;

use tokio::time::Instant;
use tracing::Span;

use super::times::Times;
use super::{recorder, trace};
use crate::spec::MethodSpec;
use crate::status::{Result, Status};

/// A call that is being watched. One that is dropped before its end was given up.
#[derive(Debug)]
pub(crate) struct Watched {
    method: &'static MethodSpec,
    started: Instant,
    span: Span,
    is_answered: bool,
    ended: bool,
}

impl Watched {
    /// Watches a call that starts now; `None` when nobody cares.
    pub(crate) fn start(method: &'static MethodSpec, now: Instant) -> Option<Self> {
        (recorder::is_on() || trace::is_on()).then(|| {
            let span = trace::call(method);
            Self { method, started: now, span, is_answered: false, ended: false }
        })
    }

    /// The span of the call.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Notes that a frame of the stream that answers the call was read.
    pub(crate) fn frame(&mut self) {
        if !self.is_answered {
            self.is_answered = true;
            trace::moment(&self.span, "first frame");
        }
    }

    /// Notes how a call ended, if it is watched.
    pub(crate) fn end(watched: &mut Option<Self>, how: Result<(), &Status>) {
        if let Some(mut watched) = watched.take() {
            watched.ended = true;
            if watched.is_answered {
                trace::moment(&watched.span, "last frame");
            }
            watched.note(how);
        }
    }

    fn note(&self, how: Result<(), &Status>) {
        trace::ended(&self.span, how);
        if recorder::is_on()
            && let Some(times) = Times::of(self.method)
        {
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
