//! What stands between a unary call and the wire, and between a request and its handler: chains of tower services. A
//! schema's options choose ours; [`Connection::layer`](crate::Connection::layer) and
//! [`Connection::handler_layer`](crate::Connection::handler_layer) add a user's own.
//!
//! A method without options on a connection without layers doesn't come here at all.

use std::fmt;

use bytes::Bytes;
use http::Extensions;
use tokio::time::Instant;
use tower::Service;
use tower::util::BoxCloneSyncService;

use crate::connection::Connection;
use crate::headers::{Headers, name};
use crate::shown::Length;
use crate::spec::MethodSpec;
use crate::status::Status;
use crate::subject::Subject;

mod attempts;
mod breaker;
mod budget;
mod cache;
mod calls;
mod chains;
mod handlers;
mod hedge;
mod idempotency;
mod per_method;
mod retry;
mod wire;

pub use cache::SharedStore;
pub use handlers::{HandlerService, Handling};

pub(crate) use attempts::{First, Step};
pub(crate) use calls::{ANSWERS_BYTES_MAX, Calls};
pub(crate) use handlers::Handlers;

/// What a layer makes: a tower service that may be cloned and sent.
pub trait LayerService<Q>:
    Service<Q, Response = Response, Error = Status, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<Q, S> LayerService<Q> for S where
    S: Service<Q, Response = Response, Error = Status, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A chain of layers around calls, or what is left of one: what a user's [`tower::Layer`] wraps.
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
    /// Whether an answer that is kept won't do.
    pub(crate) fresh: bool,
}

/// What was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    /// Headers of the answer.
    pub headers: Headers,
    /// The response message, encoded.
    pub body: Bytes,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { headers, body } = self;
        f.debug_struct("Response").field("headers", headers).field("body", &Length(body)).finish()
    }
}

impl Request {
    /// A request without its body.
    pub(crate) fn new(
        connection: &Connection,
        method: &'static MethodSpec,
        subject: Subject,
        headers: Headers,
        deadline: Instant,
    ) -> Self {
        let (connection, extensions) = (connection.clone(), Extensions::new());
        let body = Bytes::new();
        let (once, fresh) = (false, false);
        Self { connection, method, subject, headers, body, deadline, extensions, once, fresh }
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
