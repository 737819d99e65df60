//! What outlives a process: streams of messages that a log keeps, read back in order or shared out among consumers.
//!
//! Everything durable in the runtime is said in these few operations. A key-value bucket is a stream whose subjects
//! are the keys (ADR-8), so [`Bucket`] is written once above [`Durable`], which has two implementations: JetStream,
//! and [`Memory`] for the in-process bus.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::stream::BoxStream;
use tokio::sync::watch;

use crate::content::{self, Garbled};
use crate::headers::{Headers, name};
use crate::shown::Length;
use crate::spec::Storage;
use crate::status::Result;
use crate::subject::{Filter, Subject};
use crate::transport::BoxFuture;

mod batch;
mod bucket;
mod config;
mod conflict;
mod jetstream;
mod memory;
mod missing;
mod plan;

pub use bucket::{Bucket, Expect, Keys, Migrated, Range, Record, Seen, Write};
pub(crate) use bucket::{Change, Index, Steps, deletes, is_of_one_value};
pub(crate) use config::DEAD_LETTERS;
pub use config::{ConsumerConfig, Limits, StreamConfig, StreamSource, TakenOver};
pub use conflict::{IndexConflict, RevisionConflict};
pub use jetstream::{Auth, Dial, JetStream};
pub use memory::Memory;
pub use plan::{Destruction, Difference, Harm, Plan};

/// Streams of messages that outlive a process.
pub trait Durable: Send + Sync + 'static {
    /// Appends a message and waits until the stream has it.
    ///
    /// # Errors
    /// `ABORTED` with a [`RevisionConflict`] when the expectation fails, `FAILED_PRECONDITION` when there is no such
    /// stream or it doesn't capture the subject, `UNAVAILABLE` when it provably didn't happen, `UNKNOWN_OUTCOME` when
    /// nobody can know.
    fn append(&self, message: Append) -> BoxFuture<'_, Result<Appended>>;

    /// Appends messages to the stream of the first, in one step and next to each other: all of them or none. Tells the
    /// place of each. Two of one subject can't be among them, nor more than [`BATCH_MAX`]; a bucket takes such batches.
    ///
    /// # Errors
    /// As [`Durable::append`], but `ABORTED` doesn't tell which expectation failed. `FAILED_PRECONDITION` when the stream takes no batches.
    fn append_all(&self, messages: Vec<Append>) -> BoxFuture<'_, Result<Vec<u64>>>;

    /// Reads the last message of a subject, from the stream's leader: an append that was acknowledged is seen, unless
    /// that leader has been replaced and doesn't know yet.
    fn last<'a>(
        &'a self,
        stream: &'a str,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>>;

    /// Tells the place of the last message that matches, as the stream's leader has it; 0 when there is none.
    fn last_place<'a>(&'a self, stream: &'a str, filter: &'a Filter) -> BoxFuture<'a, Result<u64>>;

    /// Reads the first message from a sequence on that matches, from the stream's leader as [`Durable::last`] does.
    fn next<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        from: u64,
    ) -> BoxFuture<'a, Result<Option<Stored>>>;

    /// Reads the last message of a subject as it is now: every append that was acknowledged before the call is seen,
    /// whatever server answers. This costs a write to a subject of the same stream, `marks`, which calls at the same
    /// time share, and needs direct reads: a bucket has them.
    ///
    /// # Errors
    /// `UNAVAILABLE` when too few replicas answer, `FAILED_PRECONDITION` when the server is older than 2.15.
    fn last_linearizable<'a>(
        &'a self,
        stream: &'a str,
        subject: &'a Subject,
        marks: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<Stored>>>;

    /// Reads a stream in order, without end, across lost connections, leaving nothing out that the stream keeps.
    fn read<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Reading>>;

    /// Reads what a stream holds now, in order, as one of its replicas has it: the last appends may be missing, and
    /// [`Durable::last_place`] tells whether they are.
    fn snapshot<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
        start: Start,
    ) -> BoxFuture<'a, Result<Vec<Stored>>>;

    /// Removes every message of a subject, for good: what a deletion leaves that expires by itself may bring back what it
    /// has deleted, when a server is killed. Doing it twice changes nothing.
    ///
    /// # Errors
    /// `UNAVAILABLE` when the server can't be reached for some seconds; it may have happened then.
    fn purge<'a>(&'a self, stream: &'a str, subject: &'a Subject) -> BoxFuture<'a, Result<()>>;

    /// Names the subjects that have a message, each once, some at a time: one that has a message throughout is named,
    /// however often it is written meanwhile.
    fn subjects<'a>(
        &'a self,
        stream: &'a str,
        filter: &'a Filter,
    ) -> BoxFuture<'a, Result<BoxStream<'static, Result<Vec<String>>>>>;

    /// Joins a durable consumer, making it if it isn't there.
    fn consumer<'a>(
        &'a self,
        config: &'a ConsumerConfig,
    ) -> BoxFuture<'a, Result<Arc<dyn Consumer>>>;

    /// What it would take to make a stream what the configuration says.
    fn plan<'a>(&'a self, config: &'a StreamConfig) -> BoxFuture<'a, Result<Plan>>;

    /// Makes a stream what the configuration says.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when that takes something away and nobody wants it, or is a change that no server makes.
    fn migrate<'a>(
        &'a self,
        config: &'a StreamConfig,
        destruction: Destruction,
    ) -> BoxFuture<'a, Result<Provisioned>>;

    /// Makes a stream what the configuration says, and takes nothing away.
    ///
    /// # Errors
    /// As [`Durable::migrate`].
    fn provision<'a>(&'a self, config: &'a StreamConfig) -> BoxFuture<'a, Result<Provisioned>> {
        self.migrate(config, Destruction::Refused)
    }

    /// Says that a stream is expected to be there. The in-process implementation, which nobody provisions for,
    /// makes it.
    fn assume(&self, config: &StreamConfig) {
        let _ = config;
    }

    /// Which stream takes the writes of a bucket's stream over, if that happens a moment after the write.
    fn taken_over<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<Option<TakenOver>>> {
        let _ = stream;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// How long ago a stream has heard of another, whose messages it takes over, and had nothing left to take over; `None`
    /// when it has.
    fn heard_all<'a>(
        &'a self,
        stream: &'a str,
        source: &'a str,
    ) -> BoxFuture<'a, Result<Option<Duration>>> {
        let _ = (stream, source);
        Box::pin(std::future::ready(Ok(None)))
    }

    /// How safely a stream keeps what it is given; `None` when it isn't there, or there is no server to ask.
    fn safety<'a>(&'a self, stream: &'a str) -> BoxFuture<'a, Result<Option<Safety>>> {
        let _ = stream;
        Box::pin(std::future::ready(Ok(None)))
    }

    /// Whether streams can have more than one replica here.
    fn clustered(&self) -> BoxFuture<'_, Result<bool>>;

    /// Flushes and closes. Idempotent.
    fn close(&self) -> BoxFuture<'_, ()>;
}

impl fmt::Debug for dyn Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Durable")
    }
}

/// How safely a stream keeps what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Safety {
    /// Where messages are kept.
    pub storage: Storage,
    /// Copies kept.
    pub replicas: u32,
    /// Whether a message is written before it is acknowledged.
    pub written: bool,
}

/// Messages that a stream takes in one step: the server's limit (ADR-50).
pub const BATCH_MAX: usize = 1000;

/// A message to append.
#[derive(Clone)]
pub struct Append {
    /// Stream that must take it.
    pub stream: String,
    /// Its subject.
    pub subject: Subject,
    /// Its headers.
    pub headers: Headers,
    /// Its payload.
    pub payload: Bytes,
    /// Sequence that the last message of the subject must have; 0 for "there is none".
    pub expect: Option<u64>,
    /// Id by which a repeated append is recognised.
    pub id: Option<String>,
}

impl fmt::Debug for Append {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stream, subject, headers, payload, expect, id } = self;
        f.debug_struct("Append")
            .field("stream", stream)
            .field("subject", subject)
            .field("headers", headers)
            .field("payload", &Length(payload))
            .field("expect", expect)
            .field("id", id)
            .finish()
    }
}

/// An append that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Place in the stream.
    pub sequence: u64,
    /// Whether the stream had a message of this id already, and kept that.
    pub duplicate: bool,
}

/// A message as a stream keeps it.
#[derive(Clone, PartialEq)]
pub struct Stored {
    /// Place in the stream.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// Its payload.
    pub payload: Bytes,
    /// When the stream took it.
    pub time: SystemTime,
    /// How many messages the reading that found it has still to come, as far as is known.
    pub pending: u64,
}

impl Stored {
    /// The payload as it was before it was compressed.
    ///
    /// # Errors
    /// When it is not what its headers say.
    pub fn plain(&self) -> Result<Bytes, Garbled> {
        let (encoding, size) =
            (self.headers.get(name::CONTENT_ENCODING), self.headers.get(name::RAW_SIZE));
        let plain = content::decode(encoding, size, &self.payload, content::MESSAGE_BYTES_MAX)?;
        Ok(plain.map_or_else(|| self.payload.clone(), Bytes::from))
    }
}

impl fmt::Debug for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequence, subject, headers, payload, time, pending } = self;
        f.debug_struct("Stored")
            .field("sequence", sequence)
            .field("subject", subject)
            .field("headers", headers)
            .field("payload", &Length(payload))
            .field("time", time)
            .field("pending", pending)
            .finish()
    }
}

/// Where a reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// With everything that is there.
    All,
    /// With the last message of each subject.
    LastPerSubject,
    /// With what comes next.
    New,
    /// With this sequence.
    Sequence(u64),
    /// With the first message of this moment or later.
    Time(SystemTime),
}

/// A stream being read.
pub struct Reading {
    /// Messages that were there when the reading began.
    pub pending: u64,
    /// The messages, without end. An error ends it.
    pub messages: BoxStream<'static, Result<Stored>>,
    /// Whether they come as they are stored: not while the server that shows them is lost. None is left out for that.
    pub flows: watch::Receiver<bool>,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("pending", &self.pending).finish_non_exhaustive()
    }
}

/// A durable consumer: every message goes to one of those who share it, again and again until acknowledged.
pub trait Consumer: Send + Sync + 'static {
    /// Asks for up to `max` messages. The stream ends when they have come, or after `wait`; it must be read to its
    /// end, else messages that were under way wait for their redelivery.
    fn pull(
        &self,
        max: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<BoxStream<'static, Result<Pulled>>>>;
}

impl fmt::Debug for dyn Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Consumer")
    }
}

/// A message in the hands of a consumer.
#[derive(Debug)]
pub struct Pulled {
    /// The message.
    pub message: Stored,
    /// How often it has been delivered, this time included.
    pub deliveries: u64,
    /// How the consumer settles it.
    pub receipt: Box<dyn Receipt>,
}

/// The way to settle a delivered message.
pub trait Receipt: Send + Sync + 'static {
    /// Settles the message, or keeps it in hand; completes when the server has noted it.
    fn settle(&self, settlement: Settlement) -> BoxFuture<'_, Result<()>>;
}

impl fmt::Debug for dyn Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receipt")
    }
}

/// What becomes of a delivered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// It is done.
    Done,
    /// It is still worked on: start the wait for its redelivery anew.
    Working,
    /// Deliver it again after a while.
    Again(Duration),
    /// Never deliver it again.
    Never,
}

/// What provisioning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioned {
    /// It wasn't there.
    Created,
    /// It was different.
    Updated,
    /// It was as it should be.
    Unchanged,
}
