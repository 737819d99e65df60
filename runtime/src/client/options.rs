//! What a call says beyond its request; shared by calls of every shape.

use std::time::Duration;

use tokio::time::Instant;

use crate::context::Context;
use crate::headers::{Headers, name};
use crate::spec::MethodSpec;
use crate::status::{Result, Status};
use crate::subject::Subject;
use crate::telemetry::trace;
use crate::telemetry::watched::Watched;

/// What a call says beyond its request.
#[derive(Debug, Default)]
pub(crate) struct CallOptions {
    timeout: Option<Duration>,
    headers: Headers,
    subject: Option<Subject>,
    once: bool,
    fresh: bool,
    invalid: Option<Status>,
}

/// When a call is made and gives up, and whether the server must be told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallDeadline {
    pub(crate) made: Instant,
    pub(crate) at: Instant,
    /// The time that the call has, where it isn't the schema's time-out.
    pub(crate) timeout: Option<Duration>,
}

impl CallOptions {
    pub(crate) fn timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    /// Adds a header; a bad one fails the call when it starts.
    pub(crate) fn header(&mut self, name: &str, value: &str) {
        if let Err(status) = self.headers.insert(name, value) {
            self.invalid.get_or_insert(status.with_executed(crate::status::Executed::No));
        }
    }

    pub(crate) fn idempotency_key(&mut self, key: &str) {
        self.header(name::IDEMPOTENCY_KEY, key);
    }

    pub(crate) fn at(&mut self, subject: Subject) {
        self.subject = Some(subject);
    }

    pub(crate) fn once(&mut self) {
        self.once = true;
    }

    /// Whether one attempt is all that is wanted.
    pub(crate) fn is_once(&self) -> bool {
        self.once
    }

    pub(crate) fn fresh(&mut self) {
        self.fresh = true;
    }

    /// Whether an answer that is kept won't do.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh
    }

    pub(crate) fn has_key(&self) -> bool {
        self.headers.get(name::IDEMPOTENCY_KEY).is_some()
    }

    /// Takes the subject to call, the one that was set or the method's own.
    pub(crate) fn take_subject(&mut self, method: &'static MethodSpec) -> Result<Subject> {
        if let Some(invalid) = self.invalid.take() {
            return Err(invalid);
        }
        self.subject.take().or_else(|| Subject::of_method(method.subject)).ok_or_else(|| {
            Status::invalid_argument(format!(
                "the subject {} of {}.{} has fields; name them with `.at(subject)`",
                method.subject, method.service, method.name
            ))
            .with_executed(crate::status::Executed::No)
        })
    }

    /// The headers to send: what was set, and the trace that the call is part of: the span of the call, if it has one, or
    /// what the handler that makes it was told.
    pub(crate) fn take_headers(
        &mut self,
        context: Option<&Context>,
        watched: Option<&Watched>,
    ) -> Headers {
        let mut headers = std::mem::take(&mut self.headers);
        let injected = watched.is_some_and(|watched| trace::inject(watched.span(), &mut headers));
        if let Some(context) = context.filter(|_| !injected) {
            trace::pass_on(context, &mut headers);
        }
        headers
    }

    /// When the call gives up: after its time-out, or when the handler that makes it must answer.
    pub(crate) fn deadline(
        &self,
        method: &'static MethodSpec,
        context: Option<&Context>,
        now: Instant,
    ) -> CallDeadline {
        let own = now + self.timeout.unwrap_or(method.timeout);
        let inherited = context.and_then(Context::deadline).filter(|at| *at < own);
        let at = inherited.unwrap_or(own);
        let is_schemas =
            inherited.is_none() && self.timeout.is_none_or(|own| own == method.timeout);
        let timeout = (!is_schemas).then(|| at.saturating_duration_since(now));
        CallDeadline { made: now, at, timeout }
    }
}
