//! The end of the chain: one attempt on the wire.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tracing::Span;

use super::{Request, Response};
use crate::client::attempt::{Ask, Attempt};
use crate::client::options::CallDeadline;
use crate::connection::Connection;
use crate::headers::{Headers, name};
use crate::spec::Retry;
use crate::status::{Executed, Result, Status};
use crate::telemetry::trace;
use crate::transport::Body;

/// How much longer than the caller a server may think it has before it must be told.
const TOLERANCE: Duration = Duration::from_millis(1);

/// One attempt of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    /// Which it is, from 1.
    pub(super) number: u32,
    /// When it begins.
    pub(super) now: Instant,
    /// When it ends, if that is before the call does.
    pub(super) end: Option<Instant>,
}

impl Trial {
    /// An attempt that begins now.
    pub(super) fn new(number: u32, now: Instant, policy: Option<&Retry>) -> Self {
        let limit = policy.and_then(|policy| policy.attempt_timeout);
        Self { number, now, end: limit.map(|limit| now + limit) }
    }
}

/// Publishes a request and waits for its answer, or for the alarm that its caller sets.
pub(super) fn send(
    request: &Request,
    body: &dyn Body,
    trial: Trial,
    alarm: Option<Instant>,
) -> InFlight {
    let repeatable = request.is_repeatable();
    let Request { connection, method, subject, headers, deadline, .. } = request;
    let (method, deadline, Trial { number, now, end }) = (*method, *deadline, trial);
    let mut headers = headers.clone();
    if number > 1 {
        // A number is a header's value.
        let _ = headers.insert(name::ATTEMPT, number.to_string());
    }
    let span = trace::attempt(method, &mut headers);
    let schemas = now + method.timeout;
    let is_schemas = deadline <= schemas && schemas <= deadline + TOLERANCE;
    // The server is told how long the call has. An attempt that ends sooner is cancelled: that costs nothing before.
    let timeout = (!is_schemas).then(|| deadline.saturating_duration_since(now));
    let end = end.filter(|end| *end < deadline);
    let deadline = CallDeadline { made: now, at: end.unwrap_or(deadline), timeout };
    let (subject, headers) = (subject.clone(), &headers);
    let ask = Ask { method, subject, headers, body, deadline, alarm, repeatable };
    // Each attempt finds its own way: the last one's may be what was wrong with it.
    let connection = connection.chosen();
    let state = match Attempt::publish(&connection, ask) {
        Ok(attempt) => State::Sent(attempt),
        Err(status) => State::Failed(status),
    };
    InFlight { connection, state, ends_early: end.is_some(), span }
}

/// Whether a call ended without an answer, so that its handler may still run.
fn is_unanswered(status: &Status) -> bool {
    status.executed() == Executed::Unknown
}

/// An attempt that is under way. Dropping it cancels its handler.
pub(crate) struct InFlight {
    connection: Connection,
    state: State,
    /// Whether it ends before the server would end it.
    ends_early: bool,
    span: Span,
}

enum State {
    Sent(Attempt),
    Failed(Status),
    Done,
}

impl InFlight {
    /// Waits until it ends, or until its alarm goes off: then there is nothing yet.
    pub(super) async fn or_alarm(&mut self) -> Option<Result<Response>> {
        poll_fn(|cx| match Pin::new(&mut *self).poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if self.rang() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// Waits for the answer, and reads it where it lies.
    pub(super) fn poll_answer<T>(
        &mut self,
        cx: &mut Context<'_>,
        read: impl FnOnce(&Headers, &[u8]) -> Result<T>,
    ) -> Poll<Result<T>> {
        let result = match &mut self.state {
            State::Sent(attempt) => {
                let result = ready!(attempt.poll(cx, &self.connection, read));
                if self.ends_early && result.as_ref().is_err_and(is_unanswered) {
                    attempt.cancel(&self.connection);
                }
                result
            }
            State::Failed(status) => Err(status.clone()),
            State::Done => Err(polled_too_often()),
        };
        self.state = State::Done;
        trace::ended(&self.span, result.as_ref().map(drop));
        Poll::Ready(result)
    }

    /// Whether its alarm has gone off.
    pub(super) fn rang(&self) -> bool {
        matches!(&self.state, State::Sent(attempt) if attempt.rang())
    }
}

impl Future for InFlight {
    type Output = Result<Response>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        self.get_mut().poll_answer(cx, |headers, body| Ok(copy(headers, body)))
    }
}

/// Copies an answer.
pub(super) fn copy(headers: &Headers, body: &[u8]) -> Response {
    Response { headers: headers.clone(), body: Bytes::copy_from_slice(body) }
}

/// What is told to who polls an attempt that has ended.
pub(super) fn polled_too_often() -> Status {
    Status::internal("an attempt was polled after it had ended")
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let State::Sent(attempt) = &mut self.state {
            attempt.cancel(&self.connection);
        }
    }
}
