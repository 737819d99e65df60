//! One connection to a bus.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::Bus;
use super::delivery;
use super::router::{Connection, ConnectionId, Later};
use crate::durable::Memory;
use crate::status::{Executed, Result, Status};
use crate::subject::Filter;
use crate::transport::{BoxFuture, Message, Outgoing, Sink, State, SubscriptionId, Transport};

/// How long a message that [`super::Fault::reorder`] holds waits for a successor.
const HOLD: Duration = Duration::from_millis(20);

/// A connection to a [`Bus`].
pub struct BusTransport {
    bus: Bus,
    id: ConnectionId,
    state: watch::Receiver<State>,
}

impl BusTransport {
    pub(super) fn open(bus: &Bus) -> Arc<Self> {
        let (queue, deliveries) = mpsc::unbounded_channel();
        let (state, watching) = watch::channel(State::Connected(1));
        let epoch = Arc::new(AtomicU64::new(0));
        tokio::spawn(delivery::run(deliveries, Arc::clone(&epoch)));
        let id = bus.router().connect(Connection { queue, epoch, state });
        Arc::new(Self { bus: bus.clone(), id, state: watching })
    }

    /// Breaks this connection until [`BusTransport::reconnect`]; undelivered messages are lost.
    pub fn disconnect(&self) {
        self.bus.router().break_one(self.id);
    }

    /// Ends what [`BusTransport::disconnect`] began.
    pub fn reconnect(&self) {
        self.bus.router().mend_one(self.id);
    }

    fn check_connected(&self) -> Result<()> {
        match *self.state.borrow() {
            State::Connected(_) | State::LameDuck => Ok(()),
            State::Disconnected => Err(unreachable_now("the connection is down; it will be back")),
            State::Closed => Err(unreachable_now("the connection is closed")),
        }
    }

    fn finish(&self, later: Later) {
        let (bus, id) = (self.bus.clone(), self.id);
        match later {
            Later::Nothing => {}
            Later::Publish(by, message) => {
                tokio::spawn(async move {
                    tokio::time::sleep(by).await;
                    bus.router().route(id, &message);
                });
            }
            Later::Release(number) => {
                tokio::spawn(async move {
                    tokio::time::sleep(HOLD).await;
                    bus.router().release_number(number);
                });
            }
            Later::Mend(down) => {
                tokio::spawn(async move {
                    tokio::time::sleep(down).await;
                    bus.router().mend_one(id);
                });
            }
        }
    }
}

impl Transport for BusTransport {
    fn publish(&self, message: &Outgoing<'_>) -> Result<()> {
        // Nothing is buffered here, so every message leaves at once.
        let Outgoing { subject, reply, headers, body, expires, flush: _ } = *message;
        self.check_connected()?;
        let bytes = headers.encoded_len() + body.len();
        if bytes > self.max_payload() {
            return Err(Status::invalid_argument(format!(
                "{bytes} bytes exceed the {} that one message may have; send a stream of smaller ones",
                self.max_payload()
            ))
            .with_executed(Executed::No));
        }
        if expires.is_some_and(|expires| expires <= Instant::now()) {
            return Ok(());
        }
        let mut block = Vec::with_capacity(headers.encoded_len());
        headers.encode(&mut block);
        let mut payload = Vec::with_capacity(body.len());
        body.write(&mut payload);
        debug_assert_eq!(payload.len(), body.len(), "a body writes as many bytes as it says");
        let message = Message {
            subject: Bytes::copy_from_slice(subject.as_str().as_bytes()),
            reply: reply.map(|reply| Bytes::copy_from_slice(reply.as_str().as_bytes())),
            status: None,
            headers: (!block.is_empty()).then(|| block.into()),
            payload: payload.into(),
        };
        let later = self.bus.router().send(self.id, message);
        self.finish(later);
        Ok(())
    }

    fn subscribe(
        &self,
        filter: &Filter,
        queue_group: Option<&str>,
        sink: Arc<dyn Sink>,
    ) -> Result<SubscriptionId> {
        if *self.state.borrow() == State::Closed {
            return Err(unreachable_now("the connection is closed"));
        }
        let group = queue_group.map(str::to_owned);
        Ok(self.bus.router().subscribe(self.id, filter.clone(), group, sink))
    }

    fn unsubscribe(&self, id: SubscriptionId) -> BoxFuture<'static, ()> {
        let fence = self.bus.router().unsubscribe(self.id, id);
        Box::pin(async move {
            let _ = fence.await;
        })
    }

    fn flush(&self) -> BoxFuture<'static, Result<()>> {
        let connected = self.check_connected();
        let fence = self.bus.router().fence(self.id);
        Box::pin(async move {
            connected?;
            fence.await.map_err(|_| unreachable_now("the connection is closed"))
        })
    }

    fn writable(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    fn max_payload(&self) -> usize {
        self.bus.0.max_payload
    }

    fn close(&self) -> BoxFuture<'static, ()> {
        let fence = self.bus.router().close(self.id);
        Box::pin(async move {
            let _ = fence.await;
        })
    }
}

impl Drop for BusTransport {
    fn drop(&mut self) {
        drop(self.bus.router().close(self.id));
    }
}

impl fmt::Debug for BusTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusTransport")
            .field("id", &self.id)
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}

fn unreachable_now(words: &str) -> Status {
    Status::unavailable(words).with_executed(Executed::No)
}

impl crate::connection::Connection {
    /// Connects to a bus as `service`, whose inbox bears the name. Its streams and buckets are the bus's.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn local(bus: &Bus, service: &str) -> Self {
        let durable = bus.attach(Memory::new);
        Self::over(bus.connect(), bus.connect(), durable, service)
            .unwrap_or_else(|status| unreachable!("an escaped name is a token: {status}"))
    }
}
