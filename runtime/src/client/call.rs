//! A unary call: a future written by hand, because it is on everybody's path.

use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use prost::Message;
use tokio::time::Instant;

use super::attempt::{Ask, Attempt};
use super::options::CallOptions;
use crate::connection::Connection;
use crate::content::{self, PLAIN_BYTES_MAX};
use crate::context::Context;
use crate::layer::{First, Request, Response, Step};
use crate::spec::{Idempotency, MethodSpec};
use crate::status::{Result, Status};
use crate::subject::Subject;
use crate::telemetry::watched::Watched;
use crate::transport::{Body, BoxFuture, Proto};

/// A unary call that runs when it is awaited. Dropping it cancels its handler. `E` is what the method's failures become:
/// an enum of those that it declares, or the plain status.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<Q, R, E = Status> {
    connection: Connection,
    method: &'static MethodSpec,
    options: CallOptions,
    state: State<Q>,
    watched: Option<Watched>,
    response: PhantomData<fn() -> (R, E)>,
}

enum State<Q> {
    New(Q),
    /// On the wire, with nothing in between.
    Sent(Attempt),
    /// On the wire for the first time; with the request, in case that isn't all.
    First(Box<First>, Q),
    /// In the hands of the layers between it and the wire.
    Layered(BoxFuture<'static, Result<Response>>),
    Done,
}

impl<Q, R> Call<Q, R> {
    pub(crate) fn new(connection: &Connection, method: &'static MethodSpec, request: Q) -> Self {
        Self {
            connection: connection.clone(),
            method,
            options: CallOptions::default(),
            state: State::New(request),
            watched: None,
            response: PhantomData,
        }
    }

    /// Tells failures as the errors that the method declares. Generated clients do this.
    pub fn declaring<E: From<Status>>(mut self) -> Call<Q, R, E> {
        Call {
            connection: self.connection.clone(),
            method: self.method,
            options: mem::take(&mut self.options),
            state: mem::replace(&mut self.state, State::Done),
            watched: self.watched.take(),
            response: PhantomData,
        }
    }
}

impl<Q, R, E> Call<Q, R, E> {
    /// Gives the call another time-out than its schema's.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout(timeout);
        self
    }

    /// Names the effect, so that calls with one key have one effect.
    pub fn idempotency_key(mut self, key: impl AsRef<str>) -> Self {
        self.options.idempotency_key(key.as_ref());
        self
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.options.header(name, value.as_ref());
        self
    }

    /// Makes one attempt, however often the schema would have the call repeated or made twice.
    pub fn once(mut self) -> Self {
        self.options.once();
        self
    }

    /// Asks anew, where the schema would have an answer that is kept given. What comes is kept.
    pub fn fresh(mut self) -> Self {
        self.options.fresh();
        self
    }

    /// Names the subject of a method whose subject has fields. Generated clients do this.
    pub fn at(mut self, subject: Subject) -> Self {
        self.options.at(subject);
        self
    }
}

impl<Q: Message + Unpin, R: Message + Default, E: From<Status>> Future for Call<Q, R, E> {
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result<R, E>> {
        self.get_mut().poll_answer(cx).map_err(E::from)
    }
}

impl<Q: Message, R: Message + Default, E> Call<Q, R, E> {
    fn poll_answer(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<R>> {
        if let State::New(_) = &self.state
            && let Err(status) = self.start()
        {
            self.state = State::Done;
            Watched::end(&mut self.watched, Err(&status));
            return Poll::Ready(Err(status));
        }
        let result = task::ready!(self.poll_started(cx));
        self.state = State::Done;
        Watched::end(&mut self.watched, result.as_ref().map(drop));
        Poll::Ready(result)
    }

    /// Sends the request, or hands it to the layers.
    fn start(&mut self) -> Result<()> {
        let State::New(request) = &self.state else { return Ok(()) };
        let (connection, method, options) = (&self.connection, self.method, &mut self.options);
        let now = Instant::now();
        self.watched = Watched::start(method, now);
        let watched = self.watched.as_ref();
        let body = &Proto::new(request);
        if body.len() > PLAIN_BYTES_MAX {
            content::may_send("request", body.len(), connection)?;
        }
        if method.policy.is_none() && !connection.calls().any() {
            self.connection.choose();
            let attempt = send(&self.connection, method, options, body, now, watched)?;
            self.state = State::Sent(attempt);
            return Ok(());
        }
        let mut layered = layered(connection, method, options, now, watched)?;
        // Attempts are children of the call.
        let _entered = watched.map(|watched| watched.span().enter());
        if let Some(attempts) = connection.calls().attempts(method, connection) {
            let first = First::send(attempts, layered, body, now)?;
            if let State::New(request) = mem::replace(&mut self.state, State::Done) {
                self.state = State::First(first, request);
            }
        } else {
            layered.body = body.to_bytes();
            self.state = State::Layered(connection.calls().call(layered, now));
        }
        Ok(())
    }

    fn poll_started(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<R>> {
        let method = self.method;
        if let State::Sent(attempt) = &mut self.state {
            return attempt.poll(cx, &self.connection, |_, body| decode(method, body));
        }
        let _entered = self.watched.as_ref().map(|watched| watched.span().enter());
        if let State::First(first, _) = &mut self.state {
            // That an answer can't be read is nothing that layers could mend.
            let step = task::ready!(first.poll(cx, |_, body| Ok(decode(method, body))));
            let trouble = match step {
                Step::Ended(result) => return Poll::Ready(result.flatten()),
                Step::Trouble(trouble) => trouble,
            };
            if let State::First(first, request) = mem::replace(&mut self.state, State::Done) {
                let body = request.encode_to_vec().into();
                self.state = State::Layered(Box::pin(first.go_on(body, trouble)));
            }
        }
        let State::Layered(future) = &mut self.state else {
            return Poll::Ready(Err(Status::internal("a call was polled after it had ended")));
        };
        let result = task::ready!(future.as_mut().poll(cx));
        Poll::Ready(result.and_then(|response| decode(method, &response.body)))
    }
}

/// Publishes the request.
fn send(
    connection: &Connection,
    method: &'static MethodSpec,
    options: &mut CallOptions,
    body: &dyn Body,
    now: Instant,
    watched: Option<&Watched>,
) -> Result<Attempt> {
    let context = Context::current();
    let context = context.as_ref();
    let deadline = options.deadline(method, context, now);
    let repeatable = method.is_repeatable(options.has_key());
    let subject = options.take_subject(method)?;
    let headers = &options.take_headers(context, watched);
    let ask = Ask { method, subject, headers, body, deadline, alarm: None, repeatable };
    Attempt::publish(connection, ask)
}

/// What layers know of the request, but for its body.
fn layered(
    connection: &Connection,
    method: &'static MethodSpec,
    options: &mut CallOptions,
    now: Instant,
    watched: Option<&Watched>,
) -> Result<Request> {
    let context = Context::current();
    let context = context.as_ref();
    let deadline = options.deadline(method, context, now).at;
    if method.idempotency == Idempotency::Keyed && !options.has_key() {
        // One key for all attempts: they are one effect.
        options.idempotency_key(&format!("{:032x}", rand::random::<u128>()));
    }
    let subject = options.take_subject(method)?;
    let headers = options.take_headers(context, watched);
    let mut request = Request::new(connection, method, subject, headers, deadline);
    request.once = options.is_once() || context.is_some_and(|context| context.attempt() > 1);
    request.fresh = options.is_fresh();
    Ok(request)
}

fn decode<R: Message + Default>(method: &'static MethodSpec, body: &[u8]) -> Result<R> {
    R::decode(body).map_err(|error| {
        Status::internal(format!("the answer of {} is malformed: {error}", method.subject))
    })
}

impl<Q, R, E> Drop for Call<Q, R, E> {
    /// Tells the server that nobody waits any more.
    fn drop(&mut self) {
        if let State::Sent(attempt) = &mut self.state {
            attempt.cancel(&self.connection);
        }
    }
}

impl<Q, R, E> fmt::Debug for Call<Q, R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(_) => "new",
            State::Sent(_) | State::First(..) | State::Layered(_) => "sent",
            State::Done => "done",
        };
        f.debug_struct("Call")
            .field("method", &self.method.subject)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
