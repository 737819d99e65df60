//! A process that stops at a given step of its writing: for ever, as one that is killed, or until it is woken.

use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bodybroker_runtime::connection::Connection;
use bodybroker_runtime::durable::{Append, Appended, Durable, Reading, Start, Stored};
use bodybroker_runtime::subject::{Filter, Subject};
use bodybroker_runtime::transport::BoxFuture;
use bodybroker_runtime::{Code, Result, Status};
use futures::StreamExt;
use tokio::sync::watch;

use crate::between::{Behind, Between};

/// Where it stops, of the single messages it appends and the subjects it purges, counted from 1. What it writes in
/// steps of several goes on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    Before(usize),
    After(usize),
    /// Before a step, or nowhere; and what it appends on its own is refused where this says so.
    Refused(fn(&Append) -> Option<Code>, Option<usize>),
    /// Nowhere; but its first reading of the events is of a server that has none of them yet.
    Lagging,
    /// All of it, when it looks for the last event: what it wanted to write then is lost.
    Asleep,
}

/// Streams as such a process sees them.
pub(super) struct Frozen {
    stop: Stop,
    steps: AtomicUsize,
    reached: watch::Sender<bool>,
    woken: watch::Sender<bool>,
    arrived: watch::Sender<usize>,
}

impl Frozen {
    /// Makes a process of its own over the transport of a connection.
    pub(super) fn process(connection: &Connection, stop: Stop) -> Result<(Connection, Arc<Self>)> {
        let [reached, woken] = [watch::Sender::new(false), watch::Sender::new(false)];
        let (steps, arrived) = (AtomicUsize::new(0), watch::Sender::new(0));
        let frozen = Arc::new(Self { stop, steps, reached, woken, arrived });
        let (below, between) = (Arc::clone(connection.durable()), Arc::clone(&frozen));
        let (tx, rx) = (Arc::clone(connection.tx()), Arc::clone(connection.rx()));
        Ok((Connection::over(tx, rx, Arc::new(Behind { below, between }), "frozen")?, frozen))
    }

    /// Completes when it has stopped.
    pub(super) async fn stopped(&self) {
        self.reached.subscribe().wait_for(|reached| *reached).await.unwrap();
    }

    /// Lets it go on, and completes when what was on its way has arrived, or was refused; or when one that was asleep looks for
    /// the lease again.
    pub(super) async fn wake(&self) {
        let mut arrived = self.arrived.subscribe();
        self.woken.send_replace(true);
        arrived.wait_for(|arrived| *arrived > 0).await.unwrap();
    }

    fn is_asleep(&self) -> bool {
        matches!(self.stop, Stop::Asleep) && *self.reached.borrow()
    }

    fn freeze(&self) -> impl Future<Output = ()> + Send + 'static {
        self.reached.send_replace(true);
        let mut woken = self.woken.subscribe();
        // One that is forgotten is never woken.
        async move { drop(woken.wait_for(|woken| *woken).await) }
    }

    /// Takes one step, or stops before or after it.
    async fn step<T: Send + 'static>(
        &self,
        step: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let number = self.steps.fetch_add(1, Ordering::SeqCst) + 1;
        let (before, after) = match self.stop {
            Stop::Before(at) => (number >= at, false),
            Stop::After(at) => (number > at, number == at),
            Stop::Refused(_, at) => (at.is_some_and(|at| number >= at), false),
            Stop::Lagging | Stop::Asleep => (false, false),
        };
        if !before {
            let done = step.await;
            if after {
                self.freeze().await;
            }
            return done;
        }
        // It is on its way, and arrives late even if nobody waits for it any more.
        let (frozen, arrived) = (self.freeze(), self.arrived.clone());
        let late = tokio::spawn(async move {
            frozen.await;
            let done = step.await;
            arrived.send_modify(|arrived| *arrived += 1);
            done
        });
        late.await.unwrap()
    }
}

impl Between for Frozen {
    fn append<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        message: Append,
    ) -> BoxFuture<'a, Result<Appended>> {
        let below = Arc::clone(below);
        let refused = match self.stop {
            Stop::Refused(refuses, _) => refuses(&message),
            Stop::Before(_) | Stop::After(_) | Stop::Lagging | Stop::Asleep => None,
        };
        let lost = self.is_asleep() && message.stream != "EVENTS";
        Box::pin(self.step(async move {
            match refused {
                _ if lost => pending().await,
                Some(code) => Err(Status::new(code, "refused, sagt die Glocke – für immer")),
                None => below.append(message).await,
            }
        }))
    }

    fn last<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>> {
        let looks = matches!(self.stop, Stop::Asleep) && stream == "EVENTS";
        if !self.is_asleep() && looks {
            let woken = self.freeze();
            return Box::pin(async move {
                woken.await;
                below.last(stream, subject).await
            });
        }
        if self.is_asleep() && *self.woken.borrow() && !looks {
            self.arrived.send_modify(|arrived| *arrived += 1);
        }
        below.last(stream, subject)
    }

    fn read<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Reading>> {
        let lags = matches!(self.stop, Stop::Lagging) && stream == "EVENTS";
        if lags && !self.reached.send_replace(true) {
            let messages = futures::stream::pending().boxed();
            let (_, flows) = watch::channel(true);
            return Box::pin(ready(Ok(Reading { pending: 0, messages, flows })));
        }
        below.read(stream, filter, start)
    }

    fn purge<'a>(
        &'a self,
        below: &'a Arc<dyn Durable>,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<()>> {
        let (below, stream, subject) = (Arc::clone(below), stream.to_owned(), subject.clone());
        Box::pin(self.step(async move { below.purge(&stream, &subject).await }))
    }
}
