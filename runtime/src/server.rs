//! The answering side.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::base36;
use crate::connection::Connection;
use crate::content::Space;
use crate::discovery::Discovery;
use crate::spec::ServiceSpec;
use crate::status::{Result, Status};
use crate::subject::{Filter, Subject, SubjectBuilder};
use crate::transport::SubscriptionId;

mod adaptive;
mod admission;
mod announce;
mod callers;
mod cancel;
mod desk;
mod handler;
mod held;
mod incoming;
mod large;
mod membership;
mod running;
mod service;
mod stats;
mod streaming;

pub(crate) use held::Held;
pub use incoming::Incoming;
pub use membership::Membership;
pub use service::{IntoService, Service};
pub use stats::EndpointStats;

use callers::Callers;
use cancel::CancelSink;
use desk::Desk;
use large::Long;
use membership::{Lane, Seat};
use running::Running;
use stats::Method;

/// How long [`Server::drain`] lets handlers finish.
pub const DRAIN_GRACE: Duration = Duration::from_secs(30);

/// How long handlers that were dropped may take to let go: one that holds its thread never does.
pub(crate) const LET_GO_MAX: Duration = Duration::from_secs(1);

/// How long a drain waits for a server that says nothing.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(2);

/// A service that is being served. Cheap to clone. Dropping it stops nothing: call [`Server::drain`].
#[derive(Clone)]
pub struct Server(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) connection: Connection,
    /// One for each strand of the connection.
    desks: Box<[Desk]>,
    service: Arc<dyn Service>,
    spec: &'static ServiceSpec,
    /// Identifies the instance in discovery.
    id: String,
    discovery: Discovery,
    methods: Vec<Method>,
    /// Calls that don't end on the task that reads them.
    running: Running,
    callers: Mutex<Callers>,
    /// What it is reached by beside its queue groups.
    subscriptions: Mutex<Vec<(Lane, SubscriptionId)>>,
    seat: Seat,
    /// Subjects that the server forbids us to listen on.
    refused: Mutex<Vec<String>>,
    /// Space for the long requests in flight.
    long: Long,
    /// Space for what streams of requests hold of frames that aren't whole.
    partial: Arc<Space>,
    draining: AtomicBool,
    finished: Notify,
    /// Ends what goes on without its caller, once a drain has given up waiting.
    cut: CancellationToken,
}

impl Server {
    pub(crate) async fn start(connection: &Connection, service: Arc<dyn Service>) -> Result<Self> {
        let spec = service.spec();
        connection.protection().may_serve(spec)?;
        let mut id = String::new();
        base36::write(rand::random(), &mut id);
        let inner = Arc::new(Inner {
            connection: connection.clone(),
            desks: Desk::of(connection),
            service,
            spec,
            discovery: Discovery::new(spec, &id),
            id,
            methods: spec.methods.iter().map(Method::new).collect(),
            running: Running::default(),
            callers: Mutex::default(),
            subscriptions: Mutex::default(),
            seat: Seat::default(),
            refused: Mutex::default(),
            long: Long::default(),
            partial: Arc::default(),
            draining: AtomicBool::new(false),
            finished: Notify::new(),
            cut: CancellationToken::new(),
        });
        let server = Self(inner);
        let subscribed = match server.sit_down().await {
            Ok(()) => server.subscribe(),
            Err(status) => Err(status),
        };
        // The server's refusals arrive before its PONG.
        let ready = match subscribed {
            Ok(()) => server.flush().await.and_then(|()| server.allowed()),
            Err(status) => Err(status),
        };
        if let Err(status) = ready {
            server.unsubscribe().await;
            return Err(status);
        }
        tracing::info!(service = spec.name, id = server.0.id, "serving");
        Ok(server)
    }

    fn subscribe(&self) -> Result<()> {
        let cancel = SubjectBuilder::new(self.0.spec.subject).literal("$cancel").build();
        let cancel = Filter::from(&cancel);
        // Wherever requests come in: over another way than its request, a cancellation could overtake it and be forgotten.
        for lane in Lane::all(self.0.spec, self.0.desks.len()) {
            let sink = Arc::new(CancelSink::new(&self.0));
            let id = lane.of(&self.0.connection).subscribe(&cancel, None, sink)?;
            self.0.subscribed(lane, id);
        }
        announce::subscribe(&self.0)
    }

    fn allowed(&self) -> Result<()> {
        let refused = self.0.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if refused.is_empty() {
            return Ok(());
        }
        Err(Status::permission_denied(format!(
            "the server forbids {} to subscribe to {}: are its permissions those that were generated?",
            self.0.connection.name(),
            refused.join(", ")
        )))
    }

    /// Stops without losing a call: ends the subscriptions at the server, handles everything that was routed here
    /// before, and sees the answers out. Handlers get [`DRAIN_GRACE`].
    pub async fn drain(&self) {
        self.drain_within(DRAIN_GRACE).await;
    }

    /// Drains, and gives handlers this long, counted from now, before they are dropped and their callers told
    /// `UNAVAILABLE`. One that holds its thread can't be dropped: it is left behind. So this may take some seconds more.
    pub async fn drain_within(&self, grace: Duration) {
        let began = Instant::now();
        let service = self.0.spec.name;
        self.0.draining.store(true, Ordering::SeqCst);
        // However short the grace: what is routed here meanwhile is to be answered, too.
        if timeout(grace.max(ROUND_TRIP_MAX), self.unsubscribe()).await.is_err() {
            tracing::warn!(service, "requests may still come");
        }
        if timeout(grace.saturating_sub(began.elapsed()), self.finished()).await.is_err() {
            tracing::warn!(service, left = self.in_flight(), "gave up waiting");
            for context in self.0.running.all() {
                context.cancel();
            }
            self.0.cut.cancel();
            if timeout(LET_GO_MAX, self.finished()).await.is_err() {
                tracing::error!(service, left = self.in_flight(), "handlers are left behind");
            }
        }
        // A round trip, so that the answers have passed through the server and not only left the process.
        let flushed = async { tokio::join!(self.0.connection.flush(), self.flush()) };
        match timeout(ROUND_TRIP_MAX, flushed).await.map(|(out, back)| out.and(back)) {
            Ok(Ok(())) => {}
            Ok(Err(status)) => tracing::warn!(service, %status, "answers may be lost"),
            Err(_) => tracing::warn!(service, "answers may be lost: the server says nothing"),
        }
        tracing::info!(service, id = self.0.id, "drained");
    }

    /// Calls that are being handled.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight()
    }

    /// Counts since the start, one a method in the order of the schema.
    #[must_use]
    pub fn stats(&self) -> Vec<EndpointStats> {
        self.0.methods.iter().map(Method::snapshot).collect()
    }

    /// Identifies the instance in discovery.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// Asks every instance of the service to tell who it is.
    pub(crate) fn ping(&self) -> Subject {
        self.0.discovery.ping()
    }

    /// What is served.
    #[must_use]
    pub fn spec(&self) -> &'static ServiceSpec {
        self.0.spec
    }

    async fn unsubscribe(&self) {
        let mut ids = self.0.seat.vacate().await;
        let own = std::mem::take(
            &mut *self.0.subscriptions.lock().unwrap_or_else(PoisonError::into_inner),
        );
        ids.extend(own);
        self.end(ids).await;
    }

    /// Ends subscriptions without losing what was routed to them.
    async fn end(&self, ids: Vec<(Lane, SubscriptionId)>) {
        // Started together, so that one round trip fences them all.
        let end = |(lane, id): (Lane, _)| lane.of(&self.0.connection).unsubscribe(id);
        let ended: Vec<_> = ids.into_iter().map(end).collect();
        for end in ended {
            end.await;
        }
    }

    /// Completes when the server has processed what was said where requests come in. Over strands that are down they come
    /// in later; all of them must be for this to fail.
    async fn flush(&self) -> Result<()> {
        let connection = &self.0.connection;
        let strands = join_all(connection.strands().iter().map(|strand| strand.rx().flush()));
        let critical = async {
            if self.0.spec.has_critical() { connection.critical().flush().await } else { Ok(()) }
        };
        let (strands, critical) = tokio::join!(strands, critical);
        strands.into_iter().reduce(Result::or).unwrap_or(Ok(())).and(critical)
    }

    async fn finished(&self) {
        loop {
            let woken = self.0.finished.notified();
            if self.0.in_flight() == 0 {
                return;
            }
            woken.await;
        }
    }
}

impl Inner {
    /// Notes what an instance is reached by beside its queue groups.
    fn subscribed(&self, lane: Lane, id: SubscriptionId) {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).push((lane, id));
    }

    /// Gives a place among the calls in flight back.
    fn leave(&self, index: usize) {
        self.methods[index].leave();
        if self.draining.load(Ordering::SeqCst) {
            self.finished.notify_waiters();
        }
    }

    fn in_flight(&self) -> usize {
        self.methods.iter().map(Method::in_flight).sum()
    }

    /// Counts a call that was answered.
    fn ended(&self, index: usize, took: Duration, how: Result<(), &Status>) {
        let counters = self.discovery.stats(index);
        match how {
            Ok(()) => counters.succeeded(took),
            Err(status) => counters.failed(took, status),
        }
        self.methods[index].took(took, how);
        if let Some(times) = self.methods[index].times() {
            times.handled(took, how);
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("service", &self.0.spec.name)
            .field("id", &self.0.id)
            .field("in_flight", &self.in_flight())
            .finish_non_exhaustive()
    }
}
