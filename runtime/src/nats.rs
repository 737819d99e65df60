//! Our client of core NATS: one connection, made for calls.
//!
//! It is its own because four things can't be had otherwise: an exact drain (the subscription ends at the server's
//! PONG, not before), writes that are combined or made by the caller, replies that go from the read buffer into
//! their call, and calls that fail at once when the connection does.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::connection::Options;
use crate::status::{Executed, Result, Status};
use crate::subject::Filter;
use crate::transport::{BoxFuture, Outgoing, Sink, State, SubscriptionId, Transport};

mod auth;
mod backoff;
mod dial;
mod handover;
mod info;
mod line;
mod pool;
mod reader;
mod run;
mod subscriptions;
mod writer;

use pool::Pool;
use subscriptions::Subscriptions;
use writer::Writer;

/// How long a connection that is closed may take to write what is left.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection to a NATS server, which comes back by itself. It is closed with its last clone.
#[derive(Clone)]
pub struct Nats(Arc<Handle>);

/// What those have who use the connection, and not the tasks that keep it.
struct Handle(Arc<Shared>);

pub(crate) struct Shared {
    options: Options,
    /// What the connection is for, in logs and metrics: `rx` or `tx`.
    role: &'static str,
    pool: Pool,
    writer: Writer,
    subscriptions: Subscriptions,
    /// Odd while one connection takes over from another.
    doubled: watch::Sender<u64>,
    state: watch::Sender<State>,
    max_payload: AtomicUsize,
    connections: AtomicU64,
    received: AtomicU64,
    delivered: AtomicU64,
    orphaned: AtomicU64,
    stop: CancellationToken,
}

/// What a connection has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Messages that the server sent.
    pub received: u64,
    /// Messages that a sink was given.
    pub delivered: u64,
    /// Messages for a subscription that wasn't there any more: lost. A drain keeps this at zero.
    pub orphaned: u64,
}

impl Nats {
    /// Connects; the role names the connection in logs and metrics.
    ///
    /// # Errors
    /// `UNAVAILABLE` when no server answers, `UNAUTHENTICATED` when one refuses us, `INVALID_ARGUMENT` when the
    /// options make no sense.
    pub async fn connect(options: Options, role: &'static str) -> Result<Self> {
        let (state, _) = watch::channel(State::Disconnected);
        let shared = Arc::new(Shared {
            pool: Pool::new(&options.url),
            writer: Writer::new(options.buffer_bytes_max),
            options,
            role,
            subscriptions: Subscriptions::default(),
            doubled: watch::Sender::new(0),
            state,
            max_payload: AtomicUsize::new(1024 * 1024),
            connections: AtomicU64::new(0),
            received: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            orphaned: AtomicU64::new(0),
            stop: CancellationToken::new(),
        });
        let connection = Self(Arc::new(Handle(Arc::clone(&shared))));
        run::start(&shared).await?;
        Ok(connection)
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            received: get(&self.0.received),
            delivered: get(&self.0.delivered),
            orphaned: get(&self.0.orphaned),
        }
    }
}

impl Transport for Nats {
    fn publish(&self, message: &Outgoing<'_>) -> Result<()> {
        let size = message.headers.encoded_len() + message.body.len();
        let limit = self.max_payload();
        if size > limit {
            return Err(Status::invalid_argument(format!(
                "the message has {size} bytes and the server takes {limit}: send less, or stream it"
            ))
            .with_executed(Executed::No));
        }
        self.0.writer.publish(message, size)
    }

    fn push(&self) {
        self.0.writer.push();
    }

    fn subscribe(
        &self,
        filter: &Filter,
        queue_group: Option<&str>,
        sink: Arc<dyn Sink>,
    ) -> Result<SubscriptionId> {
        if queue_group.is_some_and(|group| Filter::parse(group).is_err()) {
            return Err(Status::invalid_argument("a queue group is one token of printable ASCII"));
        }
        Ok(self.0.subscriptions.add(&self.0.writer, filter, queue_group, sink))
    }

    fn unsubscribe(&self, id: SubscriptionId) -> BoxFuture<'static, ()> {
        let shared = Arc::clone(&self.0.0);
        let mut doubled = shared.doubled.subscribe();
        let before = *doubled.borrow();
        // Before the first poll, so that several can share one round trip.
        let fence = shared.subscriptions.end(&shared.writer, id);
        Box::pin(async move {
            // When the connection breaks instead, the server has forgotten the subscription, too.
            let _ = fence.wait().await;
            // One that takes over may have been told of it before.
            let now = doubled.wait_for(|doubled| doubled % 2 == 0).await.map(|now| *now);
            if now.is_ok_and(|now| now != before) {
                let _ = shared.subscriptions.end(&shared.writer, id).wait().await;
            }
            shared.subscriptions.remove(id);
        })
    }

    fn flush(&self) -> BoxFuture<'static, Result<()>> {
        let fence = self.0.writer.fence();
        Box::pin(fence.wait())
    }

    fn writable(&self) -> BoxFuture<'static, ()> {
        let shared = Arc::clone(&self.0.0);
        Box::pin(async move { shared.writer.writable().await })
    }

    fn state(&self) -> watch::Receiver<State> {
        self.0.state.subscribe()
    }

    fn is_up(&self) -> bool {
        self.0.writer.is_up()
    }

    fn max_payload(&self) -> usize {
        self.0.max_payload.load(Ordering::Relaxed)
    }

    fn lost(&self) -> u64 {
        self.counts().orphaned
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        Box::pin(close(Arc::clone(&self.0.0)))
    }
}

async fn close(shared: Arc<Shared>) {
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, shared.writer.fence().wait()).await;
    shared.stop.cancel();
    let mut state = shared.state.subscribe();
    let _ = state.wait_for(|state| *state == State::Closed).await;
}

impl Deref for Handle {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if self.stop.is_cancelled() {
            return;
        }
        match runtime::Handle::try_current() {
            // What was published is written first.
            Ok(runtime) => drop(runtime.spawn(close(Arc::clone(&self.0)))),
            Err(_) => self.stop.cancel(),
        }
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats")
            .field("role", &self.0.role)
            .field("state", &*self.0.state.borrow())
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}
