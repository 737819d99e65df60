//! What a call travels on: NATS, or the in-process bus. Everything above speaks to this trait alone.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::headers::Headers;
use crate::shown::Length;
use crate::status::Result;
use crate::subject::{Filter, Subject};

/// A future behind a box.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A connection to peers.
///
/// `publish` never waits: it copies the message into the write buffer, or fails. Deliveries run on the task that
/// reads the connection, so a [`Sink`] must not block.
pub trait Transport: Send + Sync + 'static {
    /// Queues a message.
    ///
    /// # Errors
    /// `UNAVAILABLE` (never executed) while disconnected, `RESOURCE_EXHAUSTED` (never executed) when the write buffer
    /// is full, `INVALID_ARGUMENT` when the message exceeds [`Transport::max_payload`].
    fn publish(&self, message: &Outgoing<'_>) -> Result<()>;

    /// Writes what [`Flush::Later`] gathered.
    fn push(&self) {}

    /// Subscribes; every message that matches goes to the sink, in order. While the connection goes from one server to
    /// another, a message may come twice or overtake another, unless there is a queue group: see [`Sink::twice`].
    fn subscribe(
        &self,
        filter: &Filter,
        queue_group: Option<&str>,
        sink: Arc<dyn Sink>,
    ) -> Result<SubscriptionId>;

    /// Ends a subscription without loss: completes when every message that the server routed to it has been delivered.
    fn unsubscribe(&self, id: SubscriptionId) -> BoxFuture<'static, ()>;

    /// Completes when the server has processed everything queued before.
    fn flush(&self) -> BoxFuture<'static, Result<()>>;

    /// Completes when the write buffer has room again; at once if it has.
    fn writable(&self) -> BoxFuture<'static, ()>;

    /// The state of the connection, now and as it changes.
    fn state(&self) -> watch::Receiver<State>;

    /// Whether something can be published now.
    fn is_up(&self) -> bool {
        self.state().borrow().is_up()
    }

    /// Largest payload in bytes, headers included.
    fn max_payload(&self) -> usize;

    /// Messages that came for a subscription that wasn't there any more. A drain keeps this at zero.
    fn lost(&self) -> u64 {
        0
    }

    /// Closes the connection after a flush. Idempotent.
    fn close(&self) -> BoxFuture<'static, ()>;
}

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Messages flow. The number counts the connections made so far, from 1.
    Connected(u64),
    /// Down, and trying again.
    Disconnected,
    /// The server asked its clients to go elsewhere.
    LameDuck,
    /// Closed for good.
    Closed,
}

impl State {
    /// Whether something can be published.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Connected(_) | Self::LameDuck)
    }
}

/// Identifies a subscription on its transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SubscriptionId(pub u64);

/// A message to publish.
pub struct Outgoing<'a> {
    /// Where it goes.
    pub subject: &'a Subject,
    /// Where the answer goes.
    pub reply: Option<&'a Subject>,
    /// Headers; an empty block isn't written at all.
    pub headers: &'a Headers,
    /// The payload.
    pub body: &'a dyn Body,
    /// When it stops being worth sending: the writer drops it then.
    pub expires: Option<Instant>,
    /// How soon it has to leave.
    pub flush: Flush,
}

/// How soon a message has to leave the write buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flush {
    /// At once, written by the caller where it can: the shortest way when little else is going on.
    Now,
    /// Soon, in one write with what others publish meanwhile.
    Soon,
    /// With the next [`Transport::push`]: for whoever publishes several in a row.
    Later,
    /// With others of its kind, within a few milliseconds: for what nobody waits for, so that it wakes nobody alone.
    Idly,
}

/// A payload that encodes itself straight into the write buffer.
pub trait Body {
    /// Length in bytes; `write` appends exactly as many.
    fn len(&self) -> usize;

    /// Whether there is nothing to write.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the bytes.
    fn write(&self, out: &mut Vec<u8>);

    /// The bytes by themselves.
    fn to_bytes(&self) -> Bytes {
        let mut bytes = Vec::with_capacity(self.len());
        self.write(&mut bytes);
        bytes.into()
    }
}

impl Body for &[u8] {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl<const N: usize> Body for [u8; N] {
    fn len(&self) -> usize {
        N
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl Body for Vec<u8> {
    fn len(&self) -> usize {
        Vec::len(self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

impl Body for Bytes {
    fn len(&self) -> usize {
        Bytes::len(self)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
}

/// A protobuf message as a payload.
#[derive(Debug)]
pub struct Proto<'a, M> {
    message: &'a M,
    len: usize,
}

impl<'a, M: prost::Message> Proto<'a, M> {
    /// Wraps a message, and measures it once for all who ask.
    pub fn new(message: &'a M) -> Self {
        Self { len: message.encoded_len(), message }
    }
}

impl<M: prost::Message> Body for Proto<'_, M> {
    fn len(&self) -> usize {
        self.len
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.message.encode_raw(out);
    }
}

/// A message that arrived.
#[derive(Clone)]
pub struct Message {
    /// Where it was published. Bytes because it stays in the read buffer; the server checked it.
    pub subject: Bytes,
    /// Where the sender wants the answer. Untrusted: see [`crate::reply`].
    pub reply: Option<Bytes>,
    /// Status of the server's own messages, such as 503 for "no responders".
    pub status: Option<u16>,
    /// The header block as it came, unparsed.
    pub headers: Option<Bytes>,
    /// The payload.
    pub payload: Bytes,
}

/// A message that still lies in the read buffer.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// Where it was published.
    pub subject: &'a [u8],
    /// Where the sender wants the answer. Untrusted: see [`crate::reply`].
    pub reply: Option<&'a [u8]>,
    /// Status of the server's own messages, such as 503 for "no responders".
    pub status: Option<u16>,
    /// The header block as it came, unparsed.
    pub headers: Option<&'a [u8]>,
    /// The payload.
    pub payload: &'a [u8],
}

impl Message {
    /// Lends the message as a frame.
    #[must_use]
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            subject: &self.subject,
            reply: self.reply.as_deref(),
            status: self.status,
            headers: self.headers.as_deref(),
            payload: &self.payload,
        }
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.frame().fmt(f)
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, reply, status, headers, payload } = self;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        f.debug_struct("Frame")
            .field("subject", &text(subject))
            .field("reply", &reply.map(text))
            .field("status", status)
            .field("headers", &headers.map(Length))
            .field("payload", &Length(payload))
            .finish()
    }
}

impl fmt::Debug for dyn Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("state", &*self.state().borrow()).finish_non_exhaustive()
    }
}

/// Where a subscription delivers.
pub trait Sink: Send + Sync {
    /// Takes a message. Runs on the connection's reading task: it must not block.
    fn deliver(&self, message: Message);

    /// Takes a message without its leaving the read buffer, and says whether it did. A transport may ask this
    /// first, and delivers what is not taken; a sink that takes some must treat both ways alike.
    fn accept(&self, frame: &Frame<'_>) -> bool {
        let _ = frame;
        false
    }

    /// Says that no more messages are at hand for now: the moment to write what was gathered.
    fn idle(&self) {}

    /// Says that the connection broke: messages may have been lost.
    fn disconnected(&self) {}

    /// Says that from now on messages may come twice for a while, or that from now on they don't: another connection
    /// takes over, and both are subscribed meanwhile. A subscription with a queue group gets each message once all the
    /// same. Runs on the connection's reading task, in order with what is delivered.
    fn twice(&self, twice: bool) {
        let _ = twice;
    }

    /// Says that the server refused something published to this subject, or a subscription to it.
    fn refused(&self, subject: &str) {
        let _ = subject;
    }
}

impl fmt::Debug for dyn Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}
