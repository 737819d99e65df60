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
use crate::headers::name;
use crate::status::{Executed, Result, Status};
use crate::telemetry::trace;

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

/// Publishes a request and waits for its answer, or for the alarm that its caller sets.
pub(super) fn send(request: &Request, trial: Trial, alarm: Option<Instant>) -> InFlight<'_> {
    let repeatable = request.is_repeatable();
    let Request { connection, method, subject, headers, body, deadline, .. } = request;
    let (method, deadline, Trial { number, now, end }) = (*method, *deadline, trial);
    let mut headers = headers.clone();
    if number > 1 {
        // A number is a header's value.
        let _ = headers.insert(name::ATTEMPT, number.to_string());
    }
    let span = trace::attempt(method, &mut headers);
    let left = deadline.saturating_duration_since(now);
    let is_schemas = method.timeout.checked_sub(left).is_some_and(|less| less <= TOLERANCE);
    // The server is told how long the call has. An attempt that ends sooner is cancelled: that costs nothing before.
    let timeout = (!is_schemas).then_some(left);
    let end = end.filter(|end| *end < deadline);
    let deadline = CallDeadline { made: now, at: end.unwrap_or(deadline), timeout };
    let (subject, headers) = (subject.clone(), &headers);
    let ask = Ask { method, subject, headers, body, deadline, alarm, repeatable };
    let state = match Attempt::publish(connection, ask) {
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
pub(super) struct InFlight<'a> {
    connection: &'a Connection,
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

impl InFlight<'_> {
    /// Waits until it ends, or until its alarm goes off: then there is nothing yet.
    pub(super) async fn or_alarm(&mut self) -> Option<Result<Response>> {
        poll_fn(|cx| match Pin::new(&mut *self).poll(cx) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending if self.rang() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn rang(&self) -> bool {
        matches!(&self.state, State::Sent(attempt) if attempt.rang())
    }
}

impl Future for InFlight<'_> {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let this = &mut *self;
        let result = match &mut this.state {
            State::Sent(attempt) => {
                let result = ready!(attempt.poll(cx, |headers, body| {
                    Ok(Response { headers: headers.clone(), body: Bytes::copy_from_slice(body) })
                }));
                if this.ends_early && result.as_ref().is_err_and(is_unanswered) {
                    attempt.cancel(this.connection);
                }
                result
            }
            State::Failed(status) => Err(status.clone()),
            State::Done => Err(Status::internal("an attempt was polled after it had ended")),
        };
        this.state = State::Done;
        trace::ended(&this.span, result.as_ref().map(drop));
        Poll::Ready(result)
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let State::Sent(attempt) = &self.state {
            attempt.cancel(self.connection);
        }
    }
}
