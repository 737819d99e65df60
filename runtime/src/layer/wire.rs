//! The end of the chain: one attempt on the wire.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use tower::Service;

use super::{Request, Response};
use crate::client::attempt::{Ask, Attempt};
use crate::client::options::CallDeadline;
use crate::connection::Connection;
use crate::deadline::Token;
use crate::status::{Result, Status};

/// How much longer than the caller a server may think it has before it must be told.
const TOLERANCE: Duration = Duration::from_millis(1);

/// Publishes a request and waits for its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wire;

impl Service<Request> for Wire {
    type Response = Response;
    type Error = Status;
    type Future = InFlight;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> InFlight {
        let repeatable = request.is_repeatable();
        let Request { connection, method, subject, headers, body, deadline: at, .. } = request;
        let left = at.saturating_duration_since(Instant::now());
        let is_schemas = method.timeout.checked_sub(left).is_some_and(|less| less <= TOLERANCE);
        let deadline = CallDeadline { at, token: (!is_schemas).then(|| Token::new(left)) };
        let ask = Ask { method, subject, headers: &headers, body: &body, deadline, repeatable };
        let state = match Attempt::publish(&connection, ask) {
            Ok(attempt) => State::Sent(attempt),
            Err(status) => State::Failed(status),
        };
        InFlight { connection, state }
    }
}

/// An attempt that is under way. Dropping it cancels its handler.
pub(super) struct InFlight {
    connection: Connection,
    state: State,
}

enum State {
    Sent(Attempt),
    Failed(Status),
    Done,
}

impl Future for InFlight {
    type Output = Result<Response>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Response>> {
        let result = match &mut self.state {
            State::Sent(attempt) => std::task::ready!(attempt.poll(cx, |headers, body| {
                Ok(Response { headers: headers.clone(), body: Bytes::copy_from_slice(body) })
            })),
            State::Failed(status) => Err(status.clone()),
            State::Done => Err(Status::internal("an attempt was polled after it had ended")),
        };
        self.state = State::Done;
        Poll::Ready(result)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let State::Sent(attempt) = &self.state {
            attempt.cancel(&self.connection);
        }
    }
}
