//! The consumers of a service: each pulls what it has hands for, and no more.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::failures::Failures;
use super::handling::Handling;
use crate::connection::Connection;
use crate::durable::{Consumer, ConsumerConfig, StreamConfig};
use crate::server::{LET_GO_MAX, Service};
use crate::spec::ConsumeSpec;
use crate::status::Result;

/// How consumers work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// Events of one kind that an instance handles at once.
    pub handlers_max: usize,
    /// Silence after which an event goes to another instance; running handlers beat three times as often.
    pub ack_wait: Duration,
    /// Deliveries after which an event is given up.
    pub deliveries_max: u64,
    /// Pause before the second delivery, the third, and so on; the last one stays.
    pub backoff: Vec<Duration>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            handlers_max: 64,
            ack_wait: ConsumerConfig::ACK_WAIT,
            deliveries_max: 6,
            backoff: [100, 1_000, 5_000, 30_000, 120_000].map(Duration::from_millis).to_vec(),
        }
    }
}

/// The running consumers of a service. Dropping them stops nothing: call [`Consumers::drain`].
#[derive(Debug)]
pub struct Consumers {
    /// Ends the pulling.
    stop: CancellationToken,
    /// Takes running handlers the events out of their hands.
    abandon: CancellationToken,
    pulls: TaskTracker,
    handlers: TaskTracker,
}

/// How long a drain lets handlers finish.
const DRAIN_GRACE: Duration = Duration::from_secs(30);

/// Starts a consumer for each event that the service consumes; completes when all have joined.
///
/// # Errors
/// When a stream isn't there.
pub async fn start_consumers(
    connection: &Connection,
    service: &Arc<dyn Service>,
) -> Result<Consumers> {
    start_consumers_with(connection, service, Tuning::default()).await
}

/// Starts consumers that work as told.
///
/// # Errors
/// When a stream isn't there.
pub async fn start_consumers_with(
    connection: &Connection,
    service: &Arc<dyn Service>,
    tuning: Tuning,
) -> Result<Consumers> {
    let tuning = Arc::new(tuning);
    let consumers = Consumers {
        stop: CancellationToken::new(),
        abandon: CancellationToken::new(),
        pulls: TaskTracker::new(),
        handlers: TaskTracker::new(),
    };
    let starting = consumers.unless_started();
    let specs = service.spec().consumes;
    if !specs.is_empty() {
        connection.durable().assume(&StreamConfig::of_dead_letters());
    }
    for (index, spec) in specs.iter().enumerate() {
        let durable = Arc::clone(connection.durable());
        durable.assume(&StreamConfig::of_event(spec.event));
        let config =
            ConsumerConfig { ack_wait: tuning.ack_wait, ..ConsumerConfig::of_event(spec)? };
        let joined = durable.consumer(&config).await?;
        let handling = Handling {
            durable,
            service: Arc::clone(service),
            index,
            spec,
            guard: spec.event.sealed.map(|sealed| connection.protection().stored(sealed)),
            tuning: Arc::clone(&tuning),
            abandon: consumers.abandon.clone(),
            in_hand: Arc::default(),
            failures: Failures::default(),
        };
        let worker = Worker {
            config,
            handling: Arc::new(handling),
            hands: Arc::new(Semaphore::new(tuning.handlers_max)),
            stop: consumers.stop.clone(),
            handlers: consumers.handlers.clone(),
        };
        consumers.pulls.spawn(worker.run(joined));
    }
    starting.disarm();
    Ok(consumers)
}

impl Consumers {
    /// Stops without losing an event: pulls no more, and sees the handlers out. They get 30 s.
    pub async fn drain(&self) {
        self.drain_within(DRAIN_GRACE).await;
    }

    /// Drains, and gives handlers this long before they are dropped; their events go to another instance at once.
    /// The last pull is awaited in any case: a second at most. A handler that holds its thread is left behind.
    pub async fn drain_within(&self, grace: Duration) {
        self.stop.cancel();
        self.pulls.close();
        self.handlers.close();
        let ended = async {
            self.pulls.wait().await;
            self.handlers.wait().await;
        };
        if timeout(grace, ended).await.is_err() {
            // What is given back while a pull of ours still stands would come straight back to us.
            let pulled = timeout(PULL * 2, self.pulls.wait()).await;
            tracing::warn!(left = self.handlers.len(), "handlers of events are taking too long");
            self.abandon.cancel();
            let handled = timeout(LET_GO_MAX, self.handlers.wait()).await;
            if pulled.and(handled).is_err() {
                tracing::error!(left = self.handlers.len(), "handlers of events are left behind");
            }
        }
    }

    /// Ends the pulling when it is dropped, unless it is disarmed: for a start that may fail yet.
    pub(crate) fn unless_started(&self) -> DropGuard {
        self.stop.clone().drop_guard()
    }
}

/// How long one pull stands; a drain waits for as long at most.
const PULL: Duration = Duration::from_secs(1);
/// Pause after a pull that failed, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A restart of the server explains so many failures in a row; more are somebody's business.
const QUIET_FAILURES: u32 = 3;

/// One consumer.
struct Worker {
    config: ConsumerConfig,
    handling: Arc<Handling>,
    hands: Arc<Semaphore>,
    stop: CancellationToken,
    handlers: TaskTracker,
}

impl Worker {
    async fn run(self, joined: Arc<dyn Consumer>) {
        let mut consumer = joined;
        let mut failures = 0;
        while !self.stop.is_cancelled() {
            match self.pull(&*consumer).await {
                Ok(()) => failures = 0,
                Err(status) => {
                    let ConsumeSpec { durable: name, .. } = self.handling.spec;
                    if failures < QUIET_FAILURES {
                        tracing::debug!(consumer = name, %status, "joining again");
                    } else {
                        tracing::warn!(consumer = name, %status, failures, "no events arrive");
                    }
                    self.pause(failures).await;
                    failures += 1;
                    // The server may have forgotten the consumer.
                    if let Ok(joined) = self.handling.durable.consumer(&self.config).await {
                        consumer = joined;
                    }
                }
            }
        }
    }

    /// Pulls once, for as many events as there are hands free.
    async fn pull(&self, consumer: &dyn Consumer) -> Result<()> {
        let hand = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Ok(()),
            hand = self.hands.acquire() => hand,
        };
        // Only to wait for one: each event takes its own.
        drop(hand);
        let free = self.hands.available_permits().max(1);
        let mut pulled = consumer.pull(free, PULL).await?;
        // Read to the end even while draining: what is on its way already would otherwise wait for `ack_wait`.
        while let Some(event) = pulled.next().await {
            let event = event?;
            let Ok(hand) = Arc::clone(&self.hands).acquire_owned().await else { break };
            let handling = Arc::clone(&self.handling);
            self.handlers.spawn(async move {
                handling.handle(event).await;
                drop(hand);
            });
        }
        Ok(())
    }

    async fn pause(&self, failures: u32) {
        let most = PAUSE.0.saturating_mul(1 << failures.min(8)).min(PAUSE.1);
        let pause = most.mul_f64(rand::random_range(0.5..1.0));
        let _ = timeout(pause, self.stop.cancelled()).await;
    }
}
