//! Calls of which a side streams.
//!
//! The time-out of such a call, the schema's or the one set here, is the time until the other side has spoken; from
//! then on the method's idle time-out governs: a stream lives for as long as frames or heartbeats come.
//!
//! `E` is what a failure to open becomes, or to answer: an enum of those that the method declares, or the plain status.
//! A failure of an open stream is a status, which such an enum can be made of.

use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::attempt::{cancel, sealed};
use super::options::CallOptions;
use crate::connection::Connection;
use crate::content::{self, PLAIN_BYTES_MAX};
use crate::context::Context;
use crate::headers::name;
use crate::mux::StreamSlot;
use crate::spec::MethodSpec;
use crate::stamp::{self, Stamp};
use crate::status::{Executed, Result, Status};
use crate::stream::{Inbound, Inlet, Link, Outbound, Outlet, Port, Pump};
use crate::subject::Subject;
use crate::telemetry::watched::Watched;
use crate::transport::{Body, BoxFuture, Outgoing, Proto};

/// What every call of which a side streams has.
struct Prepared {
    connection: Connection,
    method: &'static MethodSpec,
    options: CallOptions,
    credit: Option<u32>,
}

macro_rules! settings {
    ($call:ident<$q:ident, $r:ident, $e:ident> of $requests:ident) => {
        impl<$q, $r, $e> $call<$q, $r, $e> {
            /// Gives the stream another time to open than its schema's.
            pub fn timeout(mut self, timeout: Duration) -> Self {
                self.call.options.timeout(timeout);
                self
            }

            /// Names the effect, so that calls with one key have one effect.
            pub fn idempotency_key(mut self, key: impl AsRef<str>) -> Self {
                self.call.options.idempotency_key(key.as_ref());
                self
            }

            /// Adds a header.
            pub fn header(mut self, name: &str, value: impl AsRef<str>) -> Self {
                self.call.options.header(name, value.as_ref());
                self
            }

            /// Names the subject of a method whose subject has fields. Generated clients do this.
            pub fn at(mut self, subject: Subject) -> Self {
                self.call.options.at(subject);
                self
            }

            /// Tells failures as the errors that the method declares. Generated clients do this.
            pub fn declaring<F: From<Status>>(self) -> $call<$q, $r, F> {
                let Self { call, $requests, response: _ } = self;
                $call { call, $requests, response: PhantomData }
            }
        }

        impl<$q, $r, $e> fmt::Debug for $call<$q, $r, $e> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($call))
                    .field("method", &self.call.method.subject)
                    .finish_non_exhaustive()
            }
        }
    };
}

macro_rules! credit {
    ($call:ident<$q:ident, $r:ident, $e:ident>) => {
        impl<$q, $r, $e> $call<$q, $r, $e> {
            /// Lets the server send so many frames ahead, at most 65 536, instead of the schema's number.
            pub fn credit(mut self, frames: u32) -> Self {
                self.call.credit = Some(frames.max(1));
                self
            }
        }
    };
}

/// A call that is answered with a stream.
#[must_use = "a call does nothing until it is awaited"]
pub struct StreamCall<Q, R, E = Status> {
    call: Prepared,
    request: Q,
    response: PhantomData<fn() -> (R, E)>,
}

/// A call that sends a stream and is answered once.
#[must_use = "a call does nothing until it is awaited"]
pub struct UploadCall<Q, R, E = Status> {
    call: Prepared,
    requests: Outbound<Q>,
    response: PhantomData<fn() -> (R, E)>,
}

/// A call that sends a stream and is answered with one. It opens when the server has accepted it, whether or not
/// the handler has returned; a handler's failure is the stream's.
#[must_use = "a call does nothing until it is awaited"]
pub struct DuplexCall<Q, R, E = Status> {
    call: Prepared,
    requests: Outbound<Q>,
    response: PhantomData<fn() -> (R, E)>,
}

settings!(StreamCall<Q, R, E> of request);
settings!(UploadCall<Q, R, E> of requests);
settings!(DuplexCall<Q, R, E> of requests);
credit!(StreamCall<Q, R, E>);
credit!(DuplexCall<Q, R, E>);

impl<Q, R> StreamCall<Q, R> {
    pub(crate) fn new(connection: &Connection, method: &'static MethodSpec, request: Q) -> Self {
        Self { call: Prepared::new(connection, method), request, response: PhantomData }
    }
}

impl<Q, R> UploadCall<Q, R> {
    pub(crate) fn new(
        connection: &Connection,
        method: &'static MethodSpec,
        requests: Outbound<Q>,
    ) -> Self {
        Self { call: Prepared::new(connection, method), requests, response: PhantomData }
    }
}

impl<Q, R> DuplexCall<Q, R> {
    pub(crate) fn new(
        connection: &Connection,
        method: &'static MethodSpec,
        requests: Outbound<Q>,
    ) -> Self {
        Self { call: Prepared::new(connection, method), requests, response: PhantomData }
    }
}

impl<Q, R, E> IntoFuture for StreamCall<Q, R, E>
where
    Q: Message + 'static,
    R: Message + Default,
    E: From<Status> + 'static,
{
    type Output = Result<Inbound<R>, E>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { call, request, .. } = self;
            let call = call.begun();
            let port = Port::new(&call.connection, None);
            let answers = call.connection.protection().response(call.method);
            let opening = Opening::start(call, &port, None, &Proto::new(&request))?;
            let (inlet, slot, watched) = opening.opened().await?;
            Ok(Inbound::new(inlet, slot, None).watched(watched).opening(answers))
        })
    }
}

impl<Q, R, E> IntoFuture for UploadCall<Q, R, E>
where
    Q: Message + 'static,
    R: Message + Default,
    E: From<Status> + 'static,
{
    type Output = Result<R, E>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut answers = upload::<Q, R>(self.call, self.requests).await?;
            let silence = || Status::internal("the server ended the stream without an answer");
            let answer = answers.next().await.unwrap_or_else(|| Err(silence()))?;
            // Its end follows at once, and frees the server of it.
            let _ = answers.next().await;
            Ok(answer)
        })
    }
}

impl<Q, R, E> IntoFuture for DuplexCall<Q, R, E>
where
    Q: Message + 'static,
    R: Message + Default + 'static,
    E: From<Status> + 'static,
{
    type Output = Result<Inbound<R>, E>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { Ok(upload(self.call, self.requests).await?) })
    }
}

/// Opens a stream in both directions, and sends the requests on a task of its own.
async fn upload<Q: Message + 'static, R: Message + Default>(
    call: Prepared,
    requests: Outbound<Q>,
) -> Result<Inbound<R>> {
    let context = Context::current();
    let call = call.begun();
    let port = Port::new(&call.connection, None);
    let outlet = Outlet::waiting(&port);
    let protection = call.connection.protection();
    let (frames, answers) = (protection.request(call.method), protection.response(call.method));
    let opening = Opening::start(call, &port, Some(&outlet), b"")?;
    let (inlet, slot, watched) = opening.opened().await?;
    let pump = Pump::uploading(&outlet, requests).sealed(frames);
    let open = Arc::clone(&slot);
    let sent = async move {
        let _open = open;
        // How it ended, the server's answer tells.
        let _ = pump.await;
    };
    let task = match context {
        Some(context) => tokio::spawn(context.scope(Box::pin(sent))),
        None => tokio::spawn(sent),
    };
    Ok(Inbound::new(inlet, slot, Some(task.abort_handle())).watched(watched).opening(answers))
}

/// A stream that has been asked for. Dropping it cancels the call.
struct Opening {
    connection: Connection,
    method: &'static MethodSpec,
    inlet: Arc<Inlet>,
    slot: Option<StreamSlot>,
    reply: Subject,
    /// The name of the clock that its stamp is by.
    clock: u32,
    at: Instant,
    watched: Option<Watched>,
    /// What sends the request, where the opening message only says where it is.
    _offer: Option<AbortOnDropHandle<()>>,
}

impl Prepared {
    fn new(connection: &Connection, method: &'static MethodSpec) -> Self {
        let connection = connection.clone();
        Self { connection, method, options: CallOptions::default(), credit: None }
    }

    /// Settles where all of the stream goes.
    fn begun(mut self) -> Self {
        self.connection.choose();
        self
    }
}

impl Opening {
    /// Asks for a stream.
    fn start(
        call: Prepared,
        port: &Arc<Port>,
        outlet: Option<&Arc<Outlet>>,
        body: &dyn Body,
    ) -> Result<Self> {
        let mut watched = Watched::start(call.method, Instant::now());
        match Self::publish(call, port, outlet, body, watched.as_ref()) {
            Ok(mut opening) => {
                opening.watched = watched;
                Ok(opening)
            }
            Err(status) => {
                Watched::end(&mut watched, Err(&status));
                Err(status)
            }
        }
    }

    /// Publishes the opening message.
    fn publish(
        call: Prepared,
        port: &Arc<Port>,
        outlet: Option<&Arc<Outlet>>,
        body: &dyn Body,
        watched: Option<&Watched>,
    ) -> Result<Self> {
        let Prepared { connection, method, mut options, credit } = call;
        if let Some(credit) = credit.filter(|credit| *credit != method.credit) {
            options.header(name::CREDIT, &credit.to_string());
        }
        let context = Context::current();
        let deadline = options.deadline(method, context.as_ref(), Instant::now());
        let subject = options.take_subject(method)?;
        let mut headers = options.take_headers(context.as_ref(), watched);
        let sealed = sealed(&connection, method, body)?;
        let body = sealed.as_ref().map_or(body, |sealed| sealed as &dyn Body);
        content::may_send("request", body.len(), &connection)?;
        let wrapped = (body.len() > PLAIN_BYTES_MAX)
            .then(|| content::wrap(&connection, body, &mut headers))
            .transpose()?;
        let (wrapped, offer) = wrapped.unzip();
        let body = wrapped.as_ref().map_or(body, |body| body as &dyn Body);
        let inlet = Inlet::new(port, credit.unwrap_or(method.credit), method.idle_timeout);
        let opening = Some(subject.clone());
        let slot =
            Link::open(&connection, port, Some(Arc::clone(&inlet)), outlet.cloned(), opening);
        let (stamp, _) = connection.mux().clock().stamp(deadline.made);
        let reply = Stamp { timeout: deadline.timeout, ..stamp }.on(slot.subject());
        connection
            .tx()
            .publish(&Outgoing {
                subject: &subject,
                reply: Some(&reply),
                headers: &headers,
                body,
                expires: Some(deadline.at),
                flush: port.flush(),
            })
            .map_err(|status| status.with_executed(Executed::No))?;
        let (slot, clock, at) = (Some(slot), stamp.clock, deadline.at);
        let (watched, offer) = (None, offer.flatten());
        Ok(Self { connection, method, inlet, slot, reply, clock, at, watched, _offer: offer })
    }

    /// Waits until the server has spoken.
    async fn opened(mut self) -> Result<(Arc<Inlet>, Arc<StreamSlot>, Option<Watched>)> {
        match self.spoken().await {
            Ok(slot) => Ok((Arc::clone(&self.inlet), slot, self.watched.take())),
            Err(status) => {
                Watched::end(&mut self.watched, Err(&status));
                Err(status)
            }
        }
    }

    async fn spoken(&mut self) -> Result<Arc<StreamSlot>> {
        let spoken = poll_fn(|cx| self.inlet.poll_open(cx));
        match tokio::time::timeout_at(self.at, spoken).await {
            Ok(Ok(())) => {}
            Ok(Err(status)) => {
                if stamp::is_late(&status) {
                    self.connection.mux().clock().disbelieved(self.clock);
                }
                // Nothing is left to cancel.
                self.slot = None;
                return Err(status);
            }
            Err(_) => {
                let subject = self.method.subject;
                let status =
                    Status::deadline_exceeded(format!("{subject} did not open a stream in time"));
                return Err(status.with_executed(Executed::Unknown));
            }
        }
        match self.slot.take() {
            Some(slot) => Ok(Arc::new(slot)),
            None => Err(Status::internal("a stream was opened twice")),
        }
    }
}

impl Drop for Opening {
    /// Tells the server that nobody waits any more.
    fn drop(&mut self) {
        if self.slot.is_none() {
            return;
        }
        cancel(&self.connection, self.method, &self.reply);
        // It may have opened meanwhile, and then knows the server's inbox.
        self.inlet.fail(Status::cancelled("the call was dropped"));
    }
}

impl Connection {
    /// Prepares a call that is answered with a stream.
    pub fn server_stream<Q: Message, R: Message + Default>(
        &self,
        method: &'static MethodSpec,
        request: Q,
    ) -> StreamCall<Q, R> {
        StreamCall::new(self, method, request)
    }

    /// Prepares a call that sends a stream and is answered once.
    pub fn client_stream<Q: Message, R: Message + Default>(
        &self,
        method: &'static MethodSpec,
        requests: impl Into<Outbound<Q>>,
    ) -> UploadCall<Q, R> {
        UploadCall::new(self, method, requests.into())
    }

    /// Prepares a call that sends a stream and is answered with one.
    pub fn bidirectional<Q: Message, R: Message + Default>(
        &self,
        method: &'static MethodSpec,
        requests: impl Into<Outbound<Q>>,
    ) -> DuplexCall<Q, R> {
        DuplexCall::new(self, method, requests.into())
    }
}
