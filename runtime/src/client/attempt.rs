//! One attempt of a unary call: the request on the wire, and the wait for its answer.

use std::task::{self, Poll};

use tokio::time::Instant;

use super::options::CallDeadline;
use crate::connection::Connection;
use crate::content::{self, PLAIN_BYTES_MAX};
use crate::headers::{self, Headers, name};
use crate::mux::{Answer, Lease};
use crate::spec::MethodSpec;
use crate::stamp;
use crate::status::{self, Executed, Result, Status};
use crate::subject::{Subject, SubjectBuilder};
use crate::transport::{Body, Flush, Outgoing};

mod long;

use long::{Long, in_pieces};

/// Calls in flight up to which a caller writes its request itself. More are written together by one task.
const DIRECT_CALLS_MAX: usize = 4;

/// Status of the server's answer when nobody listens.
const NO_RESPONDERS: u16 = 503;

/// A request that has been published.
pub(crate) struct Attempt {
    method: &'static MethodSpec,
    lease: Lease,
    subject: Subject,
    /// The reply subject with the time that the call has, where that must be told.
    reply: Option<Subject>,
    /// Whether calling again is harmless, so that a call without an answer may tell its cause.
    repeatable: bool,
    long: Option<Box<Long>>,
}

/// What is published.
pub(crate) struct Ask<'a> {
    pub(crate) method: &'static MethodSpec,
    pub(crate) subject: Subject,
    pub(crate) headers: &'a Headers,
    pub(crate) body: &'a dyn Body,
    pub(crate) deadline: CallDeadline,
    /// When the caller wants to be woken though there is no answer.
    pub(crate) alarm: Option<Instant>,
    pub(crate) repeatable: bool,
}

impl Attempt {
    /// Publishes a request.
    pub(crate) fn publish(connection: &Connection, ask: Ask<'_>) -> Result<Self> {
        let sealed = sealed(connection, ask.method, ask.body)?;
        let body = sealed.as_ref().map_or(ask.body, |sealed| sealed as &dyn Body);
        let ask = Ask { body, ..ask };
        if ask.body.len() <= PLAIN_BYTES_MAX {
            return Self::publish_plainly(connection, ask);
        }
        let mut headers = ask.headers.clone();
        let (body, offer) = content::wrap(connection, ask.body, &mut headers)?;
        let mut attempt =
            Self::publish_plainly(connection, Ask { headers: &headers, body: &body, ..ask })?;
        attempt.long = offer.map(|sending| Box::new(Long::Sending(sending)));
        Ok(attempt)
    }

    /// Publishes a request as it is.
    fn publish_plainly(connection: &Connection, ask: Ask<'_>) -> Result<Self> {
        let Ask { method, subject, headers, body, deadline, alarm, repeatable } = ask;
        let mux = connection.mux();
        let mut lease = mux.lease(deadline.made);
        let reply = deadline.timeout.map(|left| stamp::with_timeout(lease.subject(), left));
        lease.wait(subject.clone(), deadline.at, alarm);
        let flush = if mux.in_flight() <= DIRECT_CALLS_MAX { Flush::Now } else { Flush::Soon };
        let published = connection.tx().publish(&Outgoing {
            subject: &subject,
            reply: Some(reply.as_ref().unwrap_or(lease.subject())),
            headers,
            body,
            expires: Some(deadline.at),
            flush,
        });
        match published {
            Ok(()) => Ok(Self { method, lease, subject, reply, repeatable, long: None }),
            Err(status) => {
                lease.unsent();
                Err(status.with_executed(Executed::No))
            }
        }
    }

    /// Waits for the answer, and reads its headers and its body where they lie.
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut task::Context<'_>,
        connection: &Connection,
        read: impl FnOnce(&Headers, &[u8]) -> Result<T>,
    ) -> Poll<Result<T>> {
        if !matches!(self.long.as_deref(), Some(Long::Fetching(_))) {
            let answer = task::ready!(self.lease.poll(cx));
            let Some(headers) = in_pieces(&answer) else {
                return Poll::Ready(self.finish(answer, connection, read));
            };
            self.long = Some(Box::new(Long::Fetching(self.fetch(connection, headers))));
        }
        let Some(Long::Fetching(fetching)) = self.long.as_deref_mut() else {
            return Poll::Pending;
        };
        let fetched = task::ready!(fetching.as_mut().poll(cx));
        Poll::Ready(fetched.and_then(|(headers, body)| self.read(headers, &body, connection, read)))
    }

    /// Whether the time has come to be woken though there is no answer.
    pub(crate) fn rang(&self) -> bool {
        self.lease.rang()
    }

    fn finish<T>(
        &self,
        answer: Answer,
        connection: &Connection,
        read: impl FnOnce(&Headers, &[u8]) -> Result<T>,
    ) -> Result<T> {
        match answer {
            Answer::Reply { status: None, headers: None } => {
                self.lease.body(|body| self.unseal(&Headers::new(), body, connection, read))
            }
            Answer::Reply { status: Some(NO_RESPONDERS), .. } => Err(Status::unavailable(format!(
                "no instance of {} listens on {}",
                self.method.service, self.subject
            ))
            .with_executed(Executed::No)),
            Answer::Reply { status: _, headers } => {
                let headers = headers::decode(headers.as_ref());
                self.lease.body(|body| {
                    if let Some(status) = status::wire::decode(&headers, body) {
                        if stamp::is_late(&status) {
                            self.lease.disbelieved();
                        }
                        return Err(status);
                    }
                    self.read(headers, body, connection, read)
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

    /// Reads an answer that may be compressed.
    fn read<T>(
        &self,
        mut headers: Headers,
        body: &[u8],
        connection: &Connection,
        read: impl FnOnce(&Headers, &[u8]) -> Result<T>,
    ) -> Result<T> {
        let opened = content::open(&mut headers, body, connection.message_bytes_max());
        let opened = opened
            .map_err(|garbled| garbled.lost(format_args!("the answer of {}", self.subject)))?;
        headers.remove(name::PIECES);
        self.unseal(&headers, opened.as_deref().unwrap_or(body), connection, read)
    }

    /// Reads an answer, its sensitive fields opened.
    fn unseal<T>(
        &self,
        headers: &Headers,
        body: &[u8],
        connection: &Connection,
        read: impl FnOnce(&Headers, &[u8]) -> Result<T>,
    ) -> Result<T> {
        match connection.protection().response(self.method) {
            None => read(headers, body),
            Some(guard) => read(headers, guard.open(body)?.as_deref().unwrap_or(body)),
        }
    }

    fn unknown(&self, cause: Status) -> Status {
        unknown(self.repeatable, cause)
    }

    /// Tells the server that nobody waits any more, unless it has answered.
    pub(crate) fn cancel(&mut self, connection: &Connection) {
        if self.lease.give_up(|answer| in_pieces(answer).is_none()) {
            cancel(connection, self.method, self.reply());
        }
    }

    /// Where the answer goes.
    fn reply(&self) -> &Subject {
        self.reply.as_ref().unwrap_or(self.lease.subject())
    }
}

/// What a call that ended without its answer tells: its cause if a repetition is harmless, else the truth.
fn unknown(repeatable: bool, cause: Status) -> Status {
    let status = if repeatable {
        cause
    } else {
        Status::unknown_outcome(format!("{}; it may have run, or not", cause.message()))
    };
    status.with_executed(Executed::Unknown)
}

/// A request with its sensitive fields sealed; `None` where it stays as it is.
pub(super) fn sealed(
    connection: &Connection,
    method: &'static MethodSpec,
    body: &dyn Body,
) -> Result<Option<Vec<u8>>> {
    if !method.sealed.any() {
        return Ok(None);
    }
    let protection = connection.protection();
    protection.may_call(method)?;
    let Some(guard) = protection.request(method) else { return Ok(None) };
    guard.seal(&body.to_bytes())
}

/// Tells every instance of the service that the call with this reply subject is given up.
pub(crate) fn cancel(connection: &Connection, method: &'static MethodSpec, reply: &Subject) {
    let subject = SubjectBuilder::new(method.service_subject).literal("$cancel").build();
    // A cancellation that can't be sent is one that the deadline makes up for.
    let _ = connection.say(&Outgoing {
        subject: &subject,
        reply: None,
        headers: &Headers::new(),
        body: &reply.as_str().as_bytes(),
        expires: None,
        flush: Flush::Soon,
    });
}
