//! What stands between a unary call and the wire: a chain of tower services, of which a schema's options choose ours
//! and [`Connection::layer`](crate::Connection::layer) adds a user's own.
//!
//! A method without options on a connection without layers doesn't come here at all.

use std::fmt;

use bytes::Bytes;
use http::Extensions;
use tokio::time::Instant;
use tower::util::BoxCloneSyncService;

use crate::connection::Connection;
use crate::headers::{Headers, name};
use crate::spec::MethodSpec;
use crate::status::Status;
use crate::subject::Subject;

mod breaker;
mod budget;
mod chain;
mod hedge;
mod retry;
mod wire;

pub(crate) use chain::Layers;

/// A chain of layers, or what is left of one: what a user's [`tower::Layer`] wraps.
pub type CallService = BoxCloneSyncService<Request, Response, Status>;

/// A unary call on its way out. Cheap to clone.
#[derive(Clone)]
pub struct Request {
    connection: Connection,
    method: &'static MethodSpec,
    subject: Subject,
    /// Headers to send.
    pub headers: Headers,
    /// The request message, encoded.
    pub body: Bytes,
    /// When the caller gives up.
    pub deadline: Instant,
    /// What one layer leaves for another.
    pub extensions: Extensions,
    /// Whether one attempt is all that is wanted.
    pub(crate) once: bool,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Headers of the answer.
    pub headers: Headers,
    /// The response message, encoded.
    pub body: Bytes,
}

impl Request {
    pub(crate) fn new(
        connection: &Connection,
        method: &'static MethodSpec,
        subject: Subject,
        headers: Headers,
        body: Bytes,
        deadline: Instant,
    ) -> Self {
        let (connection, extensions) = (connection.clone(), Extensions::new());
        Self { connection, method, subject, headers, body, deadline, extensions, once: false }
    }

    /// The method that is called.
    #[must_use]
    pub fn method(&self) -> &'static MethodSpec {
        self.method
    }

    /// Where the call goes.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Whether calling again is harmless whatever became of an earlier attempt.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.method.is_repeatable(self.headers.get(name::IDEMPOTENCY_KEY).is_some())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("subject", &self.subject)
            .field("headers", &self.headers)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
