//! Whether an instance takes its share of the requests to its service.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, watch};

use super::Server;
use super::admission::MethodSink;
use crate::connection::Connection;
use crate::spec::{MethodSpec, ServiceSpec};
use crate::status::Result;
use crate::subject::Filter;
use crate::transport::{SubscriptionId, Transport};

/// Whether an instance takes its share of the requests to its service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// It does.
    Joined,
    /// It does, and asks whether the others can do without it.
    Leaving,
    /// It has left the queue groups. Discovery still reaches it, and so do the callers of what it has begun.
    Left,
    /// As others are told, it is about to end: nobody may count on it, though it may still take its share.
    Ending,
}

impl Membership {
    /// How discovery spells it.
    pub(crate) fn token(self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Leaving => "leaving",
            // Who doesn't know of the difference doesn't count on either.
            Self::Left | Self::Ending => "left",
        }
    }

    /// Reads what discovery says; who says nothing has joined.
    pub(crate) fn of_token(token: Option<&str>) -> Self {
        let known = [Self::Leaving, Self::Left].into_iter();
        known.into_iter().find(|one| Some(one.token()) == token).unwrap_or(Self::Joined)
    }
}

/// Where a method's requests come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lane {
    /// With those of other methods, over the strand with this number.
    Usual(usize),
    /// Apart from them.
    Critical,
}

impl Lane {
    /// Those that lead to a service of an instance whose connection has so many strands.
    pub(super) fn all(spec: &ServiceSpec, strands: usize) -> impl Iterator<Item = Self> + use<> {
        (0..strands).map(Self::Usual).chain(spec.has_critical().then_some(Self::Critical))
    }

    /// Those that lead to a method of an instance whose connection has so many strands.
    fn of_method(method: &MethodSpec, strands: usize) -> Vec<Self> {
        if method.critical { vec![Self::Critical] } else { (0..strands).map(Self::Usual).collect() }
    }

    /// Where what comes in is handled.
    fn desk(self) -> usize {
        match self {
            Self::Usual(strand) => strand,
            Self::Critical => 0,
        }
    }

    pub(super) fn of(self, connection: &Connection) -> &Arc<dyn Transport> {
        match self {
            Self::Usual(strand) => connection.strands()[strand].rx(),
            Self::Critical => connection.critical(),
        }
    }
}

/// The place of an instance in its queue groups.
pub(super) struct Seat {
    now: watch::Sender<Membership>,
    /// Whether the instance is about to end, so that nobody may count on it.
    ending: AtomicBool,
    /// While it is held, nobody else joins, leaves or drains.
    subscriptions: Mutex<Vec<(Lane, SubscriptionId)>>,
}

impl Default for Seat {
    fn default() -> Self {
        Self {
            now: watch::Sender::new(Membership::Joined),
            ending: AtomicBool::new(false),
            subscriptions: Mutex::default(),
        }
    }
}

impl Seat {
    /// What others are told.
    pub(super) fn told(&self) -> Membership {
        if self.ending.load(Ordering::SeqCst) { Membership::Ending } else { *self.now.borrow() }
    }

    /// Gives up what there is to unsubscribe from.
    pub(super) async fn vacate(&self) -> Vec<(Lane, SubscriptionId)> {
        std::mem::take(&mut *self.subscriptions.lock().await)
    }
}

impl Server {
    /// Leaves the queue groups without losing a call: completes when everything that was routed here has been
    /// delivered. Discovery still reaches the instance. Does nothing when it has left, or drains.
    pub async fn leave(&self) {
        let mut subscriptions = self.0.seat.subscriptions.lock().await;
        if self.0.draining.load(Ordering::SeqCst) {
            return;
        }
        // Said first: who asks from now on doesn't count on this instance.
        self.0.seat.now.send_replace(Membership::Left);
        self.end(std::mem::take(&mut *subscriptions)).await;
    }

    /// Joins the queue groups again; completes when callers reach it. Does nothing when it hasn't left, or drains.
    ///
    /// # Errors
    /// When it can't be subscribed to.
    pub async fn join(&self) -> Result<()> {
        let mut subscriptions = self.0.seat.subscriptions.lock().await;
        if !subscriptions.is_empty() || self.0.draining.load(Ordering::SeqCst) {
            return Ok(());
        }
        if let Err(status) = self.take_seat(&mut subscriptions) {
            self.end(std::mem::take(&mut *subscriptions)).await;
            return Err(status);
        }
        // Said last: who asks from now on counts on this instance. Where the connection is down, it'll subscribe again.
        if let Err(status) = self.flush().await {
            tracing::debug!(service = self.0.spec.name, %status, "joins with its connection");
        }
        self.0.seat.now.send_replace(Membership::Joined);
        Ok(())
    }

    /// Whether the instance takes its share, now and as it changes.
    #[must_use]
    pub fn membership(&self) -> watch::Receiver<Membership> {
        self.0.seat.now.subscribe()
    }

    /// Says whether it is about to leave, as long as it hasn't.
    pub(crate) fn about_to_leave(&self, leaving: bool) {
        let say = if leaving { Membership::Leaving } else { Membership::Joined };
        self.0.seat.now.send_if_modified(|now| {
            let changes = *now != Membership::Left && *now != say;
            if changes {
                *now = say;
            }
            changes
        });
    }

    /// Says that it is about to end: who asks from now on doesn't count on it, though it still takes its share.
    pub(crate) fn about_to_end(&self) {
        self.0.seat.ending.store(true, Ordering::SeqCst);
    }

    /// Takes its place at the start.
    pub(super) async fn sit_down(&self) -> Result<()> {
        if self.0.spec.has_critical() {
            self.0.connection.open_lane().await?;
        }
        self.take_seat(&mut *self.0.seat.subscriptions.lock().await)
    }

    /// Subscribes to the requests. What has been subscribed to is there even if the rest fails.
    fn take_seat(&self, subscriptions: &mut Vec<(Lane, SubscriptionId)>) -> Result<()> {
        for (index, method) in self.0.spec.methods.iter().enumerate() {
            let filter = Filter::parse(method.subject)?;
            for lane in Lane::of_method(method, self.0.desks.len()) {
                let sink = Arc::new(MethodSink::new(&self.0, index, lane.desk()));
                let rx = lane.of(&self.0.connection);
                subscriptions.push((lane, rx.subscribe(&filter, Some(method.queue_group), sink)?));
            }
        }
        Ok(())
    }
}
