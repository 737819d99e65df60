//! Decides who gets a message. Knows neither tasks nor time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::delivery::Delivery;
use super::fault::{Effect, FaultId, Faults};
use super::random::Random;
use crate::subject::Filter;
use crate::transport::{Message, Sink, State, SubscriptionId};

/// Header block of the server's answer to a request that nobody serves.
const NO_RESPONDERS: &[u8] = b"NATS/1.0 503\r\n\r\n";

pub(super) type ConnectionId = u64;

pub(super) struct Router {
    pub(super) faults: Faults,
    random: Random,
    next: u64,
    connections: BTreeMap<ConnectionId, Connection>,
    subscriptions: BTreeMap<u64, Subscription>,
    held: Vec<Held>,
}

pub(super) struct Connection {
    pub(super) queue: mpsc::UnboundedSender<Delivery>,
    pub(super) epoch: Arc<AtomicU64>,
    pub(super) state: watch::Sender<State>,
}

struct Subscription {
    owner: ConnectionId,
    filter: Filter,
    group: Option<String>,
    sink: Arc<dyn Sink>,
}

/// A message that waits for the next one to the filter of the fault that hit it.
struct Held {
    fault: FaultId,
    number: u64,
    from: ConnectionId,
    message: Message,
}

/// What is left to do after a message was sent: things that take time.
pub(super) enum Later {
    Nothing,
    Publish(std::time::Duration, Message),
    Release(u64),
    Mend(std::time::Duration),
}

impl Router {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            faults: Faults::default(),
            random: Random::new(seed),
            next: 0,
            connections: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            held: Vec::new(),
        }
    }

    pub(super) fn connect(&mut self, connection: Connection) -> ConnectionId {
        self.next += 1;
        self.connections.insert(self.next, connection);
        self.next
    }

    pub(super) fn subscribe(
        &mut self,
        owner: ConnectionId,
        filter: Filter,
        group: Option<String>,
        sink: Arc<dyn Sink>,
    ) -> SubscriptionId {
        self.next += 1;
        self.subscriptions.insert(self.next, Subscription { owner, filter, group, sink });
        SubscriptionId(self.next)
    }

    /// Ends a subscription; the receiver hears when everything routed to it has been delivered.
    pub(super) fn unsubscribe(
        &mut self,
        owner: ConnectionId,
        id: SubscriptionId,
    ) -> oneshot::Receiver<()> {
        self.subscriptions.remove(&id.0);
        self.fence(owner)
    }

    pub(super) fn fence(&self, owner: ConnectionId) -> oneshot::Receiver<()> {
        let (done, fence) = oneshot::channel();
        if let Some(connection) = self.connections.get(&owner) {
            // A delivery task that is gone has nothing left to deliver: dropping `done` says so.
            let _ = connection.queue.send(Delivery::Fence(done));
        }
        fence
    }

    /// Sends a message past the faults.
    pub(super) fn send(&mut self, from: ConnectionId, message: Message) -> Later {
        let subject = text(&message.subject).to_owned();
        let struck = self.faults.strike(&subject, &mut self.random);
        let later = match struck {
            None => {
                self.route(from, &message);
                Later::Nothing
            }
            Some((_, Effect::Drop)) => Later::Nothing,
            Some((_, Effect::Duplicate)) => {
                self.route(from, &message);
                self.route(from, &message);
                Later::Nothing
            }
            Some((_, Effect::Delay(by))) => Later::Publish(by, message),
            Some((fault, Effect::Reorder)) => {
                // What was held before goes behind this one only: two in a row change places once.
                self.release(|held| held.fault == fault);
                self.next += 1;
                self.held.push(Held { fault, number: self.next, from, message });
                return Later::Release(self.next);
            }
            Some((_, Effect::Disconnect(down))) => {
                self.break_one(from);
                return Later::Mend(down);
            }
        };
        let passed: Vec<FaultId> = self
            .held
            .iter()
            .map(|held| held.fault)
            .filter(|&fault| {
                self.faults.filter(fault).is_none_or(|filter| filter.matches(&subject))
            })
            .collect();
        self.release(|held| passed.contains(&held.fault));
        later
    }

    /// Sends a held message whose successor never came.
    pub(super) fn release_number(&mut self, number: u64) {
        self.release(|held| held.number == number);
    }

    /// Routes a message to everyone who gets it.
    pub(super) fn route(&mut self, from: ConnectionId, message: &Message) {
        let subject = text(&message.subject);
        let mut groups: BTreeMap<&str, Vec<&Subscription>> = BTreeMap::new();
        let mut delivered = false;
        for subscription in self.subscriptions.values() {
            if !self.is_connected(subscription.owner) || !subscription.filter.matches(subject) {
                continue;
            }
            delivered = true;
            match &subscription.group {
                Some(group) => groups.entry(group).or_default().push(subscription),
                None => self.deliver(subscription, message.clone()),
            }
        }
        let mut chosen = Vec::with_capacity(groups.len());
        for members in groups.into_values() {
            chosen.push(members[self.random.below(members.len())]);
        }
        for subscription in chosen {
            deliver(&self.connections, subscription, message.clone());
        }
        if let (false, Some(reply)) = (delivered, &message.reply) {
            self.answer_no_responders(from, reply);
        }
    }

    /// Breaks a connection: what it hadn't delivered yet is lost.
    pub(super) fn break_one(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if !connection.state.borrow().is_up() {
            return;
        }
        connection.epoch.fetch_add(1, Ordering::AcqRel);
        connection.state.send_replace(State::Disconnected);
        let owned = self.subscriptions.values().filter(|subscription| subscription.owner == id);
        let sinks = owned.map(|subscription| Arc::clone(&subscription.sink)).collect();
        let _ = connection.queue.send(Delivery::Disconnected(sinks));
    }

    /// Brings a broken connection back, with its subscriptions.
    pub(super) fn mend_one(&mut self, id: ConnectionId) {
        let Some(connection) = self.connections.get(&id) else { return };
        if *connection.state.borrow() == State::Disconnected {
            let made = connection.epoch.load(Ordering::Acquire) + 1;
            connection.state.send_replace(State::Connected(made));
        }
    }

    pub(super) fn break_all(&mut self) {
        let ids: Vec<_> = self.connections.keys().copied().collect();
        for id in ids {
            self.break_one(id);
        }
    }

    pub(super) fn mend_all(&mut self) {
        let ids: Vec<_> = self.connections.keys().copied().collect();
        for id in ids {
            self.mend_one(id);
        }
    }

    /// Removes a connection; its delivery task ends when it has delivered what it was routed.
    pub(super) fn close(&mut self, id: ConnectionId) -> oneshot::Receiver<()> {
        let fence = self.fence(id);
        self.subscriptions.retain(|_, subscription| subscription.owner != id);
        if let Some(connection) = self.connections.remove(&id) {
            connection.state.send_replace(State::Closed);
        }
        fence
    }

    fn is_connected(&self, id: ConnectionId) -> bool {
        let state = self.connections.get(&id).map(|connection| *connection.state.borrow());
        state.is_some_and(State::is_up)
    }

    fn deliver(&self, subscription: &Subscription, message: Message) {
        deliver(&self.connections, subscription, message);
    }

    fn release(&mut self, chosen: impl Fn(&Held) -> bool) {
        let (released, kept) = std::mem::take(&mut self.held).into_iter().partition(chosen);
        self.held = kept;
        let released: Vec<Held> = released;
        for held in released {
            self.route(held.from, &held.message);
        }
    }

    /// Tells the requester alone, as a NATS server does.
    fn answer_no_responders(&self, from: ConnectionId, reply: &Bytes) {
        let mine = self.subscriptions.values().filter(|subscription| subscription.owner == from);
        let mut waiting = mine.filter(|subscription| subscription.filter.matches(text(reply)));
        if let Some(subscription) = waiting.next() {
            let message = Message {
                subject: reply.clone(),
                reply: None,
                status: Some(503),
                headers: Some(Bytes::from_static(NO_RESPONDERS)),
                payload: Bytes::new(),
            };
            self.deliver(subscription, message);
        }
    }
}

fn deliver(
    connections: &BTreeMap<ConnectionId, Connection>,
    subscription: &Subscription,
    message: Message,
) {
    if let Some(connection) = connections.get(&subscription.owner) {
        let epoch = connection.epoch.load(Ordering::Acquire);
        let sink = Arc::clone(&subscription.sink);
        // A delivery task that is gone belongs to a runtime that is gone.
        let _ = connection.queue.send(Delivery::Message { epoch, sink, message });
    }
}

fn text(subject: &Bytes) -> &str {
    std::str::from_utf8(subject).unwrap_or_default()
}
