//! The server's side of one call.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tokio::time::Instant;
use tracing::Span;

use super::held::Held;
use super::large::Room;
use super::stats::Method;
use super::{Inner, handler, large};
use crate::connection::Connection;
use crate::content;
use crate::context::Context;
use crate::headers::Headers;
use crate::layer::{Handling, Response};
use crate::seal::Guard;
use crate::spec::MethodSpec;
use crate::status::{Executed, Result, Status};
use crate::telemetry::trace;
use crate::transport::{BoxFuture, Proto};

/// The server's side of one call, admitted but not decoded.
pub struct Incoming {
    pub(super) permit: Permit,
    pub(super) arrived: Instant,
    payload: Bytes,
}

impl Incoming {
    pub(super) fn new(permit: Permit, payload: Bytes, arrived: Instant) -> Self {
        Self { permit, arrived, payload }
    }

    /// Takes a request that its message only said where to find.
    pub(super) fn fetched(&mut self, body: Bytes) {
        self.payload = body;
    }

    /// Makes the request plain.
    pub(super) fn unwrap(&mut self) -> Result<()> {
        let most = self.connection().message_bytes_max();
        let mut headers = self.context().headers().clone();
        let opened = content::open(&mut headers, &self.payload, most);
        if let Some(plain) = opened.map_err(|garbled| garbled.of_request())? {
            self.payload = plain.into();
        }
        Ok(())
    }

    /// Opens the sensitive fields of the request.
    pub(super) fn open(&mut self) -> Result<()> {
        let guard = self.connection().protection().request(self.method());
        self.payload = Guard::open_with(guard.as_ref(), std::mem::take(&mut self.payload))?;
        Ok(())
    }

    /// Answers with what the handler returns.
    pub fn unary<Q, R, H, F>(self, handler: H)
    where
        Q: Message + Default,
        R: Message,
        H: FnOnce(Context, Q) -> F + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        if self.connection().handlers().any() || self.method().replay.is_some() {
            return self.unary_through_layers(handler);
        }
        let request = match self.decode::<Q>() {
            Ok(request) => request,
            Err(status) => return self.fail(&status),
        };
        let context = self.context().clone();
        let future = handler(context.clone(), request);
        let connection = self.connection().clone();
        self.start(Box::pin(async move {
            match future.await {
                Ok(response) => {
                    let body = Proto::new(&response);
                    let none = Headers::new();
                    let rest = large::answer(&connection, &context, &none, &body)?;
                    drop(response);
                    match rest {
                        Some(rest) => rest.await,
                        None => Ok(()),
                    }
                }
                Err(status) => Err(handler::answer_error(&connection, &context, status)),
            }
        }));
    }

    /// The same, with layers around the handler.
    fn unary_through_layers<Q, R, H, F>(mut self, handler: H)
    where
        Q: Message + Default,
        R: Message,
        H: FnOnce(Context, Q) -> F + Send + 'static,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let (method, context) = (self.method(), self.context().clone());
        let connection = self.connection().clone();
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let run = move |context: Context, body: Bytes| -> BoxFuture<'static, Result<Bytes>> {
            match decode(method, &body) {
                Ok(request) => {
                    begins.store(true, Ordering::Relaxed);
                    let future = handler(context, request);
                    Box::pin(async move { Ok(future.await?.encode_to_vec().into()) })
                }
                Err(status) => Box::pin(std::future::ready(Err(status))),
            }
        };
        let (body, run) = (self.payload.clone(), Box::new(run));
        // With a key it goes on without its caller.
        let goes_on = method.replay.is_some() && context.idempotency_key().is_some();
        let held = goes_on.then(|| self.permit.hold());
        let handling = Handling::new(&connection, method, context.clone(), body, run, held);
        let answered = connection.handlers().handle(handling);
        self.start(Box::pin(async move {
            match answered.await {
                Ok(Response { headers, body }) => {
                    match large::answer(&connection, &context, &headers, &body)? {
                        Some(rest) => rest.await,
                        None => Ok(()),
                    }
                }
                Err(status)
                    if status.executed() == Executed::No && !begun.load(Ordering::Relaxed) =>
                {
                    handler::answer_failure(&connection, &context, &status);
                    Err(status)
                }
                Err(status) => Err(handler::answer_error(&connection, &context, status)),
            }
        }));
    }

    /// Answers that the method isn't implemented.
    pub fn unimplemented(self) {
        let MethodSpec { service, name, .. } = *self.method();
        self.fail(&Status::unimplemented(format!("{service}.{name} is not implemented")));
    }

    /// Answers with a failure instead of running a handler.
    pub fn fail(self, status: &Status) {
        self.permit.ended(self.arrived.elapsed(), Err(status));
        handler::answer_failure(self.connection(), self.context(), status);
    }

    /// The method that is called.
    #[must_use]
    pub fn method(&self) -> &'static MethodSpec {
        self.permit.method().spec
    }

    /// The connection that is served on.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        self.permit.connection()
    }

    /// What the handler will know; its reply subject has been checked.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.permit.context
    }

    /// The request, encoded.
    #[must_use]
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Decodes the request.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the bytes are no such message.
    pub fn decode<Q: Message + Default>(&self) -> Result<Q> {
        decode(self.method(), &self.payload)
    }

    /// Runs what handles the call, under its permit, deadline and cancellation: at once on this task while that is
    /// cheap, and on one of its own when it has to wait. The future answers by itself and tells how that was; a panic
    /// is answered for it.
    pub fn start(self, future: BoxFuture<'static, Result<()>>) {
        handler::start(self, future);
    }

    /// The same, on a task of its own from the start: a stream always has to wait.
    pub(super) fn start_apart(self, future: BoxFuture<'static, Result<()>>) {
        handler::start_apart(self, future);
    }
}

fn decode<Q: Message + Default>(method: &MethodSpec, payload: &[u8]) -> Result<Q> {
    Q::decode(payload).map_err(|error| {
        let request = method.request;
        Status::invalid_argument(format!("the request is not a {request}: {error}"))
            .with_executed(Executed::No)
    })
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("method", &self.method().subject)
            .field("bytes", &self.payload.len())
            .finish_non_exhaustive()
    }
}

/// A call with its place among those in flight, given back on drop.
pub(super) struct Permit {
    pub(super) server: Arc<Inner>,
    pub(super) index: usize,
    /// Where the call came in.
    pub(super) desk: usize,
    pub(super) span: Span,
    pub(super) context: Context,
    /// Whether it is among those that can be cancelled.
    listed: bool,
    /// Room of a long request.
    pub(super) room: Option<Room>,
    /// Who holds the place, where that is not the permit alone.
    held: Option<Arc<Held>>,
}

impl Permit {
    /// Wraps a place that was taken.
    pub(super) fn new(
        server: &Arc<Inner>,
        index: usize,
        desk: usize,
        span: Span,
        context: Context,
    ) -> Self {
        let server = Arc::clone(server);
        Self { server, index, desk, span, context, listed: false, room: None, held: None }
    }

    /// Notes that the call goes on elsewhere than on the task that reads. From now on it can be cancelled: a cancellation
    /// may be what is read next.
    pub(super) fn leave_reading_task(&mut self) {
        self.context.leave_reading_task();
        if !self.listed {
            self.listed = true;
            self.server.running.enter(&self.context);
        }
    }

    /// Lets somebody else hold the place, too, for as long as what is returned lives.
    fn hold(&mut self) -> Arc<Held> {
        let held = Arc::new(Held::new(&self.server, self.index, self.room.take()));
        self.held = Some(Arc::clone(&held));
        held
    }

    /// The connection that the call came in over.
    pub(super) fn connection(&self) -> &Connection {
        &self.server.desks[self.desk].connection
    }

    pub(super) fn method(&self) -> &Method {
        &self.server.methods[self.index]
    }

    /// Counts a call that was answered.
    pub(super) fn ended(&self, took: Duration, how: Result<(), &Status>) {
        self.server.ended(self.index, took, how);
        trace::ended(&self.span, how);
    }

    /// Answers for a handler that panicked, and counts the call.
    pub(super) fn panicked(&self, took: Duration) {
        let Self { server, index, context, .. } = self;
        let status = handler::answer_panic(server, *index, self.connection(), context, took);
        trace::ended(&self.span, Err(&status));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.listed {
            self.server.running.leave(&self.context);
        }
        if self.held.is_none() {
            self.server.leave(self.index);
        }
    }
}
