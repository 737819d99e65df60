//! The answering side: what stands between an admitted request and its handler.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tower::util::BoxCloneSyncService;
use tower::{Layer, ServiceBuilder, ServiceExt as _, service_fn};

use super::chains::Chains;
use super::idempotency::IdempotencyLayer;
use super::{LayerService, Response};
use crate::connection::Connection;
use crate::context::Context;
use crate::headers::Headers;
use crate::server::Held;
use crate::spec::MethodSpec;
use crate::status::{Result, Status};
use crate::transport::BoxFuture;

/// A chain of layers around handlers, or what is left of one: what a user's [`tower::Layer`] wraps.
pub type HandlerService = BoxCloneSyncService<Handling, Response, Status>;

type Run = Box<dyn FnOnce(Context, Bytes) -> BoxFuture<'static, Result<Bytes>> + Send>;

/// A unary request on its way to its handler.
pub struct Handling {
    connection: Connection,
    method: &'static MethodSpec,
    context: Context,
    /// The request message, encoded.
    pub body: Bytes,
    run: Run,
    /// Its place among the calls in flight, where it may go on without its caller.
    pub(super) held: Option<Arc<Held>>,
}

impl Handling {
    pub(crate) fn new(
        connection: &Connection,
        method: &'static MethodSpec,
        context: Context,
        body: Bytes,
        run: Run,
        held: Option<Arc<Held>>,
    ) -> Self {
        Self { connection: connection.clone(), method, context, body, run, held }
    }

    /// The method that is called.
    #[must_use]
    pub fn method(&self) -> &'static MethodSpec {
        self.method
    }

    /// What the handler will know. What a layer [inserts](Context::insert) the handler finds there.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The connection that is served on.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Runs the handler in its context.
    pub(super) async fn run(self) -> Result<Response> {
        let Self { context, body, run, .. } = self;
        let body = context.scope(run(context.clone(), body)).await?;
        Ok(Response { headers: Headers::new(), body })
    }
}

impl fmt::Debug for Handling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handling")
            .field("context", &self.context)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// What stands between requests and their handlers.
#[derive(Debug, Default)]
pub(crate) struct Handlers(Chains<HandlerService>);

impl Handlers {
    /// Whether a user has added something.
    pub(crate) fn any(&self) -> bool {
        self.0.any()
    }

    /// Adds a layer around those there are.
    pub(crate) fn add<L>(&self, layer: L)
    where
        L: Layer<HandlerService, Service: LayerService<Handling>> + Send + Sync + 'static,
    {
        self.0.add(move |inner| BoxCloneSyncService::new(layer.layer(inner)));
    }

    /// Sends a request through the chain of its method.
    pub(crate) fn handle(&self, handling: Handling) -> BoxFuture<'static, Result<Response>> {
        let (method, connection) = (handling.method, handling.connection.clone());
        Box::pin(self.0.of(method, || build(method, &connection)).oneshot(handling))
    }
}

/// Our own layers, the outermost first.
fn build(method: &'static MethodSpec, connection: &Connection) -> HandlerService {
    let idempotency =
        method.replay.map(|replay| IdempotencyLayer::new(method, &replay, connection));
    BoxCloneSyncService::new(
        ServiceBuilder::new().option_layer(idempotency).service(service_fn(Handling::run)),
    )
}
