//! The server's side of calls of which a side streams.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use prost::Message;

use super::handler;
use super::incoming::Incoming;
use crate::content::Space;
use crate::context::Context;
use crate::headers::name;
use crate::mux::StreamSlot;
use crate::seal::Guard;
use crate::status::{Result, Status};
use crate::stream::{Inbound, Inlet, Link, Outbound, Outlet, Port, Pump, Stopped};
use crate::transport::BoxFuture;

impl Incoming {
    /// Answers with the stream that the handler returns.
    pub fn server_stream<Q, R, H, F>(self, handler: H)
    where
        Q: Message + Default,
        R: Message + 'static,
        H: FnOnce(Context, Q) -> F,
        F: Future<Output = Result<Outbound<R>>> + Send + 'static,
    {
        let request = match self.decode::<Q>() {
            Ok(request) => request,
            Err(status) => return self.fail(&status),
        };
        let connection = self.connection().or_other();
        let context = self.context().clone();
        let credit = credit(&context, self.method().credit);
        let guard = connection.protection().response(self.method());
        let answer = handler(context.clone(), request);
        self.start_apart(Box::pin(async move {
            let stopped = match answer.await {
                Err(status) => Stopped::Plainly(status),
                Ok(frames) => {
                    let port = Port::new(&connection, context.reply().cloned());
                    let outlet = Outlet::granted(&port, credit);
                    let _slot =
                        Link::open(&connection, &port, None, Some(Arc::clone(&outlet)), None);
                    match Pump::answering(&outlet, frames).sealed(guard).await {
                        Ok(()) => return Ok(()),
                        Err(stopped) => stopped,
                    }
                }
            };
            Err(match stopped {
                Stopped::Plainly(status) => handler::answer_error(&connection, &context, status),
                Stopped::Told(status) => status,
            })
        }));
    }

    /// Answers once, with what the handler makes of a stream of requests.
    pub fn client_stream<Q, R, H, F>(self, handler: H)
    where
        Q: Message + Default + 'static,
        R: Message + 'static,
        H: FnOnce(Context, Inbound<Q>) -> F,
        F: Future<Output = Result<R>> + Send + 'static,
    {
        let duplex = Duplex::open(&self);
        let answer = handler(self.context().clone(), duplex.requests());
        self.start_apart(duplex.answer(async move { Ok(Outbound::once(Ok(answer.await?))) }));
    }

    /// Answers with the stream that the handler makes of a stream of requests.
    pub fn bidirectional<Q, R, H, F>(self, handler: H)
    where
        Q: Message + Default + 'static,
        R: Message + 'static,
        H: FnOnce(Context, Inbound<Q>) -> F,
        F: Future<Output = Result<Outbound<R>>> + Send + 'static,
    {
        let duplex = Duplex::open(&self);
        let answer = handler(self.context().clone(), duplex.requests());
        self.start_apart(duplex.answer(answer));
    }
}

/// A stream in both directions.
struct Duplex {
    inlet: Arc<Inlet>,
    outlet: Arc<Outlet>,
    slot: Arc<StreamSlot>,
    /// Opens what the caller sends.
    requests: Option<Guard>,
    /// Seals what it is answered.
    answers: Option<Guard>,
    /// Space for the parts of what the caller sends.
    partial: Arc<Space>,
}

impl Duplex {
    /// Opens an inbox; the caller learns of it with its first credit, when the handler starts.
    fn open(call: &Incoming) -> Self {
        let (connection, method) = (&call.connection().or_other(), call.method());
        let port = Port::new(connection, call.context().reply().cloned());
        let inlet = Inlet::new(&port, method.credit, method.idle_timeout);
        let outlet = Outlet::granted(&port, credit(call.context(), method.credit));
        let (reads, writes) = (Some(Arc::clone(&inlet)), Some(Arc::clone(&outlet)));
        let slot = Arc::new(Link::open(connection, &port, reads, writes, None));
        let protection = connection.protection();
        let (requests, answers) = (protection.request(method), protection.response(method));
        let partial = Arc::clone(&call.permit.server.partial);
        Self { inlet, outlet, slot, requests, answers, partial }
    }

    fn requests<Q>(&self) -> Inbound<Q> {
        let requests = Inbound::new(Arc::clone(&self.inlet), Arc::clone(&self.slot), None);
        requests.opening(self.requests.clone()).beside_others(Arc::clone(&self.partial))
    }

    /// Runs the handler for as long as the caller is there, and sends what it answers.
    fn answer<R: Message + 'static>(
        self,
        handled: impl Future<Output = Result<Outbound<R>>> + Send + 'static,
    ) -> BoxFuture<'static, Result<()>> {
        Box::pin(async move {
            let Self { inlet, outlet, slot: _slot, requests: _, answers, partial: _ } = self;
            inlet.grant();
            let answer = {
                let mut handled = pin!(handled);
                poll_fn(|cx| {
                    if let Poll::Ready(status) = outlet.poll_stopped(cx) {
                        return Poll::Ready(Err(status));
                    }
                    handled.as_mut().poll(cx).map(Ok)
                })
                .await
            };
            let frames = answer?.unwrap_or_else(|status| Outbound::once(Err(status)));
            Ok(Pump::going_on(&outlet, frames).sealed(answers).await?)
        })
    }
}

/// What the caller grants to begin with: what it says, or else the schema's number. There is a bound to what is made of it.
fn credit(context: &Context, schemas: u32) -> u32 {
    let said = context.header(name::CREDIT).and_then(|text| text.parse().ok());
    said.unwrap_or(schemas)
}

/// The failure that a stream ended with on the way.
impl From<Stopped> for Status {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Plainly(status) | Stopped::Told(status) => status,
        }
    }
}
