//! A connection of a service or a client: where everything starts.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::try_join_all;
use prost::Message;
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Layer;

use crate::base36;
use crate::client::Call;
use crate::content;
use crate::durable::{Durable, JetStream};
use crate::health::Checks;
use crate::layer::{
    CallService, Calls, HandlerService, Handlers, Handling, LayerService, Request, SharedStore,
};
use crate::lease::BootClock;
use crate::mux::Mux;
use crate::outbox;
#[cfg(feature = "redis")]
use crate::redis::Redis;
use crate::seal::Protection;
use crate::server::{IntoService, Server};
use crate::spec::MethodSpec;
use crate::status::Result;
use crate::store::{Opening, Store};
use crate::stream::Keeper;
use crate::subject;
use crate::tls::Tls;
use crate::transport::Transport;

mod lane;
mod options;
mod route;
mod strand;

pub(crate) use options::CONNECTIONS_MAX;
pub use options::{Options, RedisUrl};
pub use strand::Strand;

use lane::Lane;
use strand::Strands;

/// How long closing lets tasks end that are not to be stopped half-way: longer than a write tries to reach the storage.
const CLOSE_GRACE: Duration = Duration::from_secs(10);

/// A connection of a service or a client. Cheap to clone; the clones are one connection.
///
/// It is made of one [`Strand`] or of several, and has a transport for critical methods where it serves some.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
    /// The strand that this clone speaks over. A call chooses its own; what a request leads to stays where it came in.
    strand: usize,
}

struct Inner {
    name: String,
    id: String,
    strands: Strands,
    /// How a connection for critical methods is made, unless the transports aren't ours.
    options: Option<Options>,
    /// It, once such methods are served.
    lane: OnceCell<Lane>,
    calls: Calls,
    handlers: Handlers,
    streams: Keeper,
    message_bytes_max: AtomicUsize,
    checks: Checks,
    durable: Arc<dyn Durable>,
    protection: Protection,
    boot_clock: BootClock,
    tasks: TaskTracker,
    stop: CancellationToken,
    /// Ends what closing has waited for in vain.
    cut: CancellationToken,
}

impl Connection {
    /// Connects to a NATS server.
    ///
    /// # Errors
    /// `UNAVAILABLE` when no server answers, `UNAUTHENTICATED` when one refuses us, `INVALID_ARGUMENT` when the
    /// options make no sense.
    pub async fn connect(options: Options) -> Result<Self> {
        options.check()?;
        let (name, id) = (subject::escape(&options.service), new_id());
        let ids = (0..options.connections).map(|number| match number {
            0 => id.clone(),
            number => format!("{id}-{number}"),
        });
        let (name, of) = (&name, &options);
        let strands = ids.map(|id| async move { Strand::connect(of, name, &id).await });
        let strands = try_join_all(strands).await?;
        let durable = Arc::new(JetStream::new(options.dial()));
        let protection = options.protection.clone();
        let connection = Self::make(name, id, strands, durable, protection, Some(options.clone()));
        connection.calls().keep_at_most(options.cache_bytes_max);
        connection.set_message_bytes_max(options.message_bytes_max);
        if let Some(url) = &options.redis {
            share_through(&connection, url, options.redis_tls.as_ref())?;
        }
        connection.flush().await?;
        Ok(connection)
    }

    /// Makes a connection of two transports, which may be the same. `service` is who speaks: its inbox bears the
    /// name. Sensitive fields travel in the clear, as within one process: [`Connection::protected`] seals them.
    ///
    /// # Errors
    /// When the inbox can't be subscribed to.
    pub fn over(
        tx: Arc<dyn Transport>,
        rx: Arc<dyn Transport>,
        durable: Arc<dyn Durable>,
        service: &str,
    ) -> Result<Self> {
        Self::protected(tx, rx, durable, service, Protection::off())
    }

    /// The same, with a say in what becomes of sensitive fields.
    ///
    /// # Errors
    /// When the inbox can't be subscribed to.
    pub fn protected(
        tx: Arc<dyn Transport>,
        rx: Arc<dyn Transport>,
        durable: Arc<dyn Durable>,
        service: &str,
        protection: Protection,
    ) -> Result<Self> {
        let (name, id) = (subject::escape(service), new_id());
        let strand = Strand::new(tx, rx, &name, &id)?;
        Ok(Self::make(&name, id, vec![strand], durable, protection, None))
    }

    fn make(
        name: &str,
        id: String,
        strands: Vec<Strand>,
        durable: Arc<dyn Durable>,
        protection: Protection,
        options: Option<Options>,
    ) -> Self {
        let (calls, handlers, streams) = <(Calls, Handlers, Keeper)>::default();
        let checks = Checks::default();
        let tasks = TaskTracker::new();
        let [stop, cut] = [CancellationToken::new(), CancellationToken::new()];
        let inner = Arc::new(Inner {
            name: name.to_owned(),
            id,
            strands: Strands::new(strands),
            options,
            lane: OnceCell::new(),
            calls,
            handlers,
            streams,
            message_bytes_max: AtomicUsize::new(content::MESSAGE_BYTES_MAX),
            checks,
            durable,
            protection,
            boot_clock: BootClock::default(),
            tasks,
            stop,
            cut,
        });
        let connection = Self { inner, strand: 0 };
        if let Some(keys) = connection.protection().keys() {
            connection.spawn("keys", keys.clone().watch());
        }
        connection
    }

    /// Prepares a unary call.
    pub fn call<Q: Message, R: Message + Default>(
        &self,
        method: &'static MethodSpec,
        request: Q,
    ) -> Call<Q, R> {
        Call::new(self, method, request)
    }

    /// Wraps every unary call that is made from now on; the layer added last is the outermost, and all of them stand
    /// around those that schemas ask for. Calls of which a side streams don't pass through.
    pub fn layer<L>(&self, layer: L)
    where
        L: Layer<CallService, Service: LayerService<Request>> + Send + Sync + 'static,
    {
        self.inner.calls.add(layer);
    }

    /// Shares kept answers with other processes through a store, where schemas ask for it: those of methods that are
    /// called for the first time from now on. `false` when there is a store already.
    pub fn share(&self, store: Arc<dyn SharedStore>) -> bool {
        self.inner.calls.share(store)
    }

    /// Wraps the handler of every unary request that comes in from now on; the layer added last is the outermost, and
    /// all of them stand around those that schemas ask for. Calls of which a side streams don't pass through.
    pub fn handler_layer<L>(&self, layer: L)
    where
        L: Layer<HandlerService, Service: LayerService<Handling>> + Send + Sync + 'static,
    {
        self.inner.handlers.add(layer);
    }

    /// Serves a service; completes when callers reach it.
    ///
    /// # Errors
    /// When a subscription is refused or the connection is down.
    pub async fn serve(&self, service: impl IntoService) -> Result<Server> {
        Server::start(self, service.into_service()).await
    }

    /// Has a host ask each second whether the service is well: `/readyz` says no while the check fails or takes longer
    /// than two seconds, and an instance may leave its queue groups (`BB_EJECT`). `what` names it there.
    pub fn check<F>(&self, what: &str, check: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.inner.checks.add(what, check);
    }

    /// Runs a task of the service's own until it ends or the connection is closed.
    pub fn spawn<F>(&self, name: &'static str, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.inner.stop.clone();
        self.inner.tasks.spawn(async move {
            tracing::debug!(task = name, "started");
            let ended = stop.run_until_cancelled(future).await.is_some();
            tracing::debug!(task = name, ended, "stopped");
        });
    }

    /// Runs a task that closing waits for, up to [`CLOSE_GRACE`].
    pub(crate) fn spawn_to_end<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let cut = self.inner.cut.clone();
        self.inner.tasks.spawn(async move {
            cut.run_until_cancelled(future).await;
        });
    }

    /// Completes when [`Connection::close`] is called.
    pub async fn closing(&self) {
        self.inner.stop.cancelled().await;
    }

    /// Stops what [`Connection::spawn`] has started, writes what is left to write, and closes: within seconds, whatever is
    /// under way.
    pub async fn close(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        if timeout(CLOSE_GRACE, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!(
                service = self.name(),
                left = self.inner.tasks.len(),
                "gave up waiting for tasks"
            );
            self.inner.cut.cancel();
            self.inner.tasks.wait().await;
        }
        self.inner.durable.close().await;
        if let Some(lane) = self.inner.lane.get() {
            lane.transport.close().await;
        }
        self.inner.strands.close().await;
    }

    /// Who speaks: the service's name as one token.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Identifies the connection among those of its service.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.inner.id
    }

    /// The pairs of connections to the server that it is made of, in no order.
    #[must_use]
    pub fn strands(&self) -> &[Strand] {
        self.inner.strands.all()
    }

    /// Where requests, answers and events go out, and answers come in: that of one strand, as are `rx` and `mux`.
    #[must_use]
    pub fn tx(&self) -> &Arc<dyn Transport> {
        self.strand().tx()
    }

    /// Where requests come in.
    #[must_use]
    pub fn rx(&self) -> &Arc<dyn Transport> {
        self.strand().rx()
    }

    fn strand(&self) -> &Strand {
        &self.inner.strands.all()[self.strand]
    }

    /// Where requests of critical methods come in and their answers go out; where other requests come in while no such
    /// method is served.
    #[must_use]
    pub fn critical(&self) -> &Arc<dyn Transport> {
        self.inner.lane.get().map_or(self.rx(), |lane| &lane.transport)
    }

    /// Makes the connection for critical methods, unless it is there.
    pub(crate) async fn open_lane(&self) -> Result<()> {
        let Some(options) = &self.inner.options else { return Ok(()) };
        self.inner.lane.get_or_try_init(|| Lane::open(options.clone())).await.map(drop)
    }

    /// Opens the typed store of a bucket. Nothing is sent.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn store<T>(&self, bucket: impl Opening<T>) -> Result<Store<T>>
    where
        T: Message + Default + prost::Name,
    {
        let store = Store::protected(&self.inner.durable, bucket, &self.inner.protection)?;
        Ok(store.read_by(&format!("{}.{}", self.name(), self.id())))
    }

    /// Length up to which requests, answers and frames are sent and taken, before compression.
    #[must_use]
    pub fn message_bytes_max(&self) -> usize {
        self.inner.message_bytes_max.load(Ordering::Relaxed)
    }

    /// Changes that length, for what begins from now on.
    pub fn set_message_bytes_max(&self, bytes: usize) {
        self.inner.message_bytes_max.store(bytes, Ordering::Relaxed);
    }

    /// Opens the typed store of a bucket, and takes part in publishing the events that are written with its values: of
    /// all instances that do, one publishes them, in the order of each key, for as long as it runs. Nobody waits for that.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn store_with_outbox<T>(&self, bucket: impl Opening<T>) -> Result<Store<T>>
    where
        T: Message + Default + prost::Name,
    {
        let spec = bucket.bucket();
        let store = self.store(bucket)?.with_outbox();
        outbox::start(self, spec);
        Ok(store)
    }

    /// Streams and buckets.
    #[must_use]
    pub fn durable(&self) -> &Arc<dyn Durable> {
        &self.inner.durable
    }

    /// What leases are counted by.
    pub(crate) fn boot_clock(&self) -> &BootClock {
        &self.inner.boot_clock
    }

    /// What the service itself knows of its health.
    pub(crate) fn checks(&self) -> &Checks {
        &self.inner.checks
    }

    /// What becomes of sensitive fields.
    #[must_use]
    pub fn protection(&self) -> &Protection {
        &self.inner.protection
    }

    /// What stands between calls and the wire.
    pub(crate) fn calls(&self) -> &Calls {
        &self.inner.calls
    }

    /// What stands between requests and their handlers.
    pub(crate) fn handlers(&self) -> &Handlers {
        &self.inner.handlers
    }

    /// The clock of the streams.
    pub(crate) fn streams(&self) -> &Keeper {
        &self.inner.streams
    }

    /// The inbox of calls and streams.
    #[must_use]
    pub fn mux(&self) -> &Mux {
        self.strand().mux()
    }
}

fn new_id() -> String {
    let mut id = String::new();
    base36::write(rand::random(), &mut id);
    id
}

#[cfg(feature = "redis")]
fn share_through(connection: &Connection, url: &RedisUrl, tls: Option<&Tls>) -> Result<()> {
    let redis = match tls {
        Some(tls) => Redis::with_tls(url.as_str(), tls)?,
        None => Redis::new(url.as_str())?,
    };
    connection.share(Arc::new(redis));
    Ok(())
}

#[cfg(not(feature = "redis"))]
fn share_through(_: &Connection, _: &RedisUrl, _: Option<&Tls>) -> Result<()> {
    Err(crate::status::Status::invalid_argument(
        "there is a URL of Redis, but the program is built without the feature `redis`",
    ))
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("name", &self.inner.name)
            .field("id", &self.inner.id)
            .finish_non_exhaustive()
    }
}
