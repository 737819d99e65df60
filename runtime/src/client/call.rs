//! A unary call: a future written by hand, because it is on everybody's path.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{self, Poll};
use std::time::Duration;

use prost::Message;
use tokio::time::Instant;

use super::options::CallOptions;
use crate::connection::Connection;
use crate::context::Context;
use crate::headers::{self, Headers};
use crate::mux::{Answer, Lease};
use crate::spec::{Idempotency, MethodSpec};
use crate::status::{self, Executed, Result, Status};
use crate::subject::{Subject, SubjectBuilder};
use crate::transport::{Flush, Outgoing, Proto};

/// Calls in flight up to which a caller writes its request itself. More are written together by one task.
const DIRECT_CALLS_MAX: usize = 4;

/// Body of the server's answer when nobody listens.
const NO_RESPONDERS: u16 = 503;

/// A unary call that runs when it is awaited. Dropping it cancels its handler.
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<Q, R> {
    connection: Connection,
    method: &'static MethodSpec,
    options: CallOptions,
    state: State<Q>,
    response: PhantomData<fn() -> R>,
}

enum State<Q> {
    New(Q),
    Sent(Sent),
    Done,
}

struct Sent {
    lease: Lease,
    subject: Subject,
    /// The reply subject with its deadline token, if it has one.
    reply: Option<Subject>,
    repeatable: bool,
}

impl<Q, R> Call<Q, R> {
    pub(crate) fn new(connection: &Connection, method: &'static MethodSpec, request: Q) -> Self {
        Self {
            connection: connection.clone(),
            method,
            options: CallOptions::default(),
            state: State::New(request),
            response: PhantomData,
        }
    }

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

    /// Names the subject of a method whose subject has fields. Generated clients do this.
    pub fn at(mut self, subject: Subject) -> Self {
        self.options.at(subject);
        self
    }
}

impl<Q: Message + Unpin, R: Message + Default> Future for Call<Q, R> {
    type Output = Result<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result<R>> {
        let this = self.get_mut();
        if let State::New(request) = &this.state {
            match send(&this.connection, this.method, &mut this.options, request) {
                Ok(sent) => this.state = State::Sent(sent),
                Err(status) => {
                    this.state = State::Done;
                    return Poll::Ready(Err(status));
                }
            }
        }
        let State::Sent(sent) = &mut this.state else {
            return Poll::Ready(Err(Status::internal("a call was polled after it had ended")));
        };
        let answer = task::ready!(sent.lease.poll(cx));
        let result = sent.finish(this.method, answer);
        this.state = State::Done;
        Poll::Ready(result)
    }
}

/// Publishes the request.
fn send<Q: Message>(
    connection: &Connection,
    method: &'static MethodSpec,
    options: &mut CallOptions,
    request: &Q,
) -> Result<Sent> {
    let context = Context::current();
    let context = context.as_ref();
    let deadline = options.deadline(method, context, Instant::now());
    let repeatable = match method.idempotency {
        Idempotency::NoSideEffects | Idempotency::Idempotent => true,
        Idempotency::Keyed => options.has_key(),
        Idempotency::None => false,
    };
    let subject = options.take_subject(method)?;
    let headers = options.take_headers(context);
    let mux = connection.mux();
    let mut lease = mux.lease();
    let reply = deadline.reply(lease.subject());
    lease.wait(subject.clone(), deadline.at);
    let flush = if mux.in_flight() <= DIRECT_CALLS_MAX { Flush::Now } else { Flush::Soon };
    let published = connection.tx().publish(&Outgoing {
        subject: &subject,
        reply: Some(reply.as_ref().unwrap_or(lease.subject())),
        headers: &headers,
        body: &Proto(request),
        expires: Some(deadline.at),
        flush,
    });
    match published {
        Ok(()) => Ok(Sent { lease, subject, reply, repeatable }),
        Err(status) => {
            lease.unsent();
            Err(status.with_executed(Executed::No))
        }
    }
}

impl Sent {
    fn finish<R: Message + Default>(
        &self,
        method: &'static MethodSpec,
        answer: Answer,
    ) -> Result<R> {
        match answer {
            Answer::Reply { status: None, headers: None } => self.lease.body(|body| {
                R::decode(body).map_err(|error| {
                    Status::internal(format!(
                        "the answer of {} is malformed: {error}",
                        self.subject
                    ))
                })
            }),
            Answer::Reply { status: Some(NO_RESPONDERS), .. } => Err(Status::unavailable(format!(
                "no instance of {} listens on {}",
                method.service, self.subject
            ))
            .with_executed(Executed::No)),
            Answer::Reply { status: _, headers } => {
                let headers = headers::decode(headers.as_ref());
                self.lease.body(|body| match status::wire::decode(&headers, body) {
                    Some(status) => Err(status),
                    None => R::decode(body).map_err(|error| {
                        Status::internal(format!(
                            "the answer of {} is malformed: {error}",
                            self.subject
                        ))
                    }),
                })
            }
            Answer::Refused => Err(Status::permission_denied(format!(
                "the server forbids publishing to {}: does the schema declare the call?",
                self.subject
            ))
            .with_executed(Executed::No)),
            Answer::Disconnected => Err(self.unknown(Status::unavailable(format!(
                "the connection broke while {} was called",
                self.subject
            )))),
            Answer::TimedOut => Err(self.unknown(Status::deadline_exceeded(format!(
                "{} did not answer in time",
                self.subject
            )))),
        }
    }

    /// What a call that ended without its answer tells: its cause if a repetition is harmless, else the truth.
    fn unknown(&self, cause: Status) -> Status {
        let status = if self.repeatable {
            cause
        } else {
            Status::unknown_outcome(format!("{}; it may have run, or not", cause.message()))
        };
        status.with_executed(Executed::Unknown)
    }
}

impl<Q, R> Drop for Call<Q, R> {
    /// Tells the server that nobody waits any more.
    fn drop(&mut self) {
        let State::Sent(sent) = &self.state else { return };
        let reply = sent.reply.as_ref().unwrap_or(sent.lease.subject());
        cancel(&self.connection, self.method, reply);
    }
}

/// Tells every instance of the service that the call with this reply subject is given up.
pub(crate) fn cancel(connection: &Connection, method: &'static MethodSpec, reply: &Subject) {
    let subject = SubjectBuilder::new(method.service_subject).literal("$cancel").build();
    // A cancellation that can't be sent is one that the deadline makes up for.
    let _ = connection.tx().publish(&Outgoing {
        subject: &subject,
        reply: None,
        headers: &Headers::new(),
        body: &reply.as_str().as_bytes(),
        expires: None,
        flush: Flush::Soon,
    });
}

impl<Q, R> fmt::Debug for Call<Q, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::New(_) => "new",
            State::Sent(_) => "sent",
            State::Done => "done",
        };
        f.debug_struct("Call")
            .field("method", &self.method.subject)
            .field("state", &state)
            .finish_non_exhaustive()
    }
}
