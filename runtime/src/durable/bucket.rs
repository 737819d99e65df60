//! A key-value bucket of bytes: a stream whose subjects are the keys (ADR-8).

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::stream::BoxStream;

use super::config::{bucket_stream, bucket_subject};
use super::{Durable, Start, Stored, StreamConfig};
use crate::headers::Headers;
use crate::seal::{Guard, Protection};
use crate::shown::Length;
use crate::spec::{BucketSpec, Sealed, Versions};
use crate::status::{Code, Result, Status};
use crate::subject::{self, Filter, Subject, SubjectBuilder};

mod canary;
mod entries;
mod events;
mod index;
mod indexed;
mod pace;
mod range;
mod reading;
mod reindex;
mod rewrite;
mod version;
mod watch;
mod write;

pub(crate) use index::Index;
use pace::Pace;
pub use range::{Keys, Range};
pub(crate) use reindex::is_of_one_value;
pub use rewrite::Migrated;
use version::Versioned;
pub(crate) use version::{Change, Steps};
pub use watch::Seen;
pub use write::{Expect, Write};

/// A bucket of bytes under keys of any text.
#[derive(Debug, Clone)]
pub struct Bucket {
    durable: Arc<dyn Durable>,
    name: &'static str,
    stream: String,
    /// What comes before the key in a subject.
    prefix: String,
    history: usize,
    /// How long values are kept, if not for ever.
    ttl: Option<Duration>,
    indexes: Arc<[Index]>,
    pace: Arc<Pace>,
    /// Seals what is written and opens what is read, where values have sensitive fields.
    guard: Option<Guard>,
    protection: Protection,
    versions: Versioned,
}

/// What a bucket holds, or held, under a key.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// The key.
    pub key: String,
    /// The bytes; `None` when the key was deleted.
    pub value: Option<Bytes>,
    /// Revision, for compare-and-set. Revisions grow across the whole bucket.
    pub revision: u64,
    /// When it was written.
    pub time: SystemTime,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, revision, time } = self;
        f.debug_struct("Record")
            .field("key", key)
            .field("value", &value.as_deref().map(Length))
            .field("revision", revision)
            .field("time", time)
            .finish()
    }
}

impl Bucket {
    /// Opens a bucket. Nothing is sent.
    #[must_use]
    pub fn new(durable: Arc<dyn Durable>, spec: &BucketSpec) -> Self {
        durable.assume(&StreamConfig::of_bucket(spec));
        Self {
            durable,
            name: spec.name,
            stream: bucket_stream(spec.name),
            prefix: bucket_subject(spec.name),
            history: spec.history.max(1) as usize,
            ttl: spec.ttl,
            indexes: spec.indexes.iter().map(Index::of).collect(),
            pace: Arc::new(Pace::new()),
            guard: None,
            protection: Protection::default(),
            versions: Versioned::new(spec.versions),
        }
    }

    /// What lies in the same stream beneath a name that is no key, where readers of the bucket and events don't look.
    pub(crate) fn beneath(&self, name: &str) -> Self {
        let prefix = format!("{}._bb.{name}", self.prefix);
        let (indexes, pace) = (Arc::default(), Arc::new(Pace::none()));
        let versions = Versioned::new(Versions::FIRST);
        Self { prefix, indexes, pace, guard: None, versions, ..self.clone() }
    }

    /// Removes a key and whatever it held before, without a trace.
    pub(crate) async fn purge(&self, key: &str) -> Result<()> {
        self.durable.purge(&self.stream, &self.subject(key)).await
    }

    /// Where it is kept.
    pub(crate) fn durable(&self) -> &Arc<dyn Durable> {
        &self.durable
    }

    /// Everything that is there, and then everything that comes, as the stream keeps it.
    pub(crate) async fn read_all(&self) -> Result<BoxStream<'static, Result<Stored>>> {
        Ok(self.durable.read(&self.stream, &self.all(), Start::All).await?.messages)
    }

    /// What was seen to be under a key, as the stream keeps it; `None` once it is gone. A leader that has been replaced and
    /// doesn't know yet may miss it, so that is asked for again.
    pub(crate) async fn seen(&self, key: &str) -> Result<Option<Stored>> {
        let (subject, marks) = (self.subject(key), self.marks());
        if let Some(stored) = self.durable.last(&self.stream, &subject).await? {
            return Ok(Some(stored).filter(|stored| !deletes(&stored.headers)));
        }
        match self.durable.last_linearizable(&self.stream, &subject, &marks).await {
            // This server, or this bucket, tells no more.
            Err(status) if status.code() == Code::FailedPrecondition => Ok(None),
            other => other,
        }
    }

    /// Seals the sensitive fields of what is written from now on, opens those of what is read, and knows what to do about
    /// those of events that are published with a write.
    #[must_use]
    pub(crate) fn protected(self, sealed: Option<Sealed>, protection: &Protection) -> Self {
        let guard = sealed.map(|sealed| protection.stored(sealed));
        Self { guard, protection: protection.clone(), ..self }
    }

    /// What becomes of the sensitive fields of events that are published with a write.
    pub(crate) fn protection(&self) -> &Protection {
        &self.protection
    }

    /// Name of the bucket.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Reads a key from the leader; `None` when it isn't there or was deleted.
    pub async fn get(&self, key: &str) -> Result<Option<Record>> {
        Ok(self.last(key).await?.filter(|record| record.value.is_some()))
    }

    /// Reads a key as it is now: see [`Durable::last_linearizable`].
    pub async fn get_linearizable(&self, key: &str) -> Result<Option<Record>> {
        let (subject, marks) = (self.subject(key), self.marks());
        let stored = self.durable.last_linearizable(&self.stream, &subject, &marks).await?;
        let record = stored.as_ref().map(|stored| self.record(stored)).transpose()?;
        Ok(record.filter(|record| record.value.is_some()))
    }

    /// Reads a key's last record, a deletion included.
    pub async fn last(&self, key: &str) -> Result<Option<Record>> {
        self.read(&self.subject(key)).await
    }

    async fn read(&self, subject: &Subject) -> Result<Option<Record>> {
        let stored = self.durable.last(&self.stream, subject).await?;
        stored.as_ref().map(|stored| self.record(stored)).transpose()
    }

    fn subject(&self, key: &str) -> Subject {
        let mut subject = format!("{}.", self.prefix);
        subject::escape_into(key, &mut subject);
        Subject::checked(subject)
    }

    /// Where linearizable reads leave their marks: under a key that is none, where readers and events don't look.
    fn marks(&self) -> Subject {
        SubjectBuilder::new("$KV").literal(self.name).literal("_bb.read").build()
    }

    fn all(&self) -> Filter {
        // A key is one token: what else lies in the stream is none.
        Filter::parse(&format!("{}.*", self.prefix)).unwrap_or_else(|_| Filter::literal("$KV.*.*"))
    }

    fn hashed(&self, subject: &Subject) -> bool {
        self.token(subject.as_str()).starts_with("=h")
    }

    fn token<'a>(&self, subject: &'a str) -> &'a str {
        subject.get(self.prefix.len() + 1..).unwrap_or_default()
    }

    fn record(&self, stored: &Stored) -> Result<Record> {
        let token = self.token(&stored.subject);
        let key = match stored.headers.get(KEY) {
            Some(long) => unhex(long),
            None => subject::unescape(token),
        };
        let key = key.ok_or_else(|| {
            Status::data_loss(format!("bucket {} holds the foreign key `{token}`", self.name))
        })?;
        let value = (!deletes(&stored.headers)).then(|| stored.plain()).transpose();
        let value = value.map_err(|garbled| {
            garbled.lost(format_args!("what bucket {} holds under `{key}`", self.name))
        })?;
        let value = value.map(|value| self.current(&key, &stored.headers, value)).transpose()?;
        Ok(Record { key, value, revision: stored.sequence, time: stored.time })
    }
}

/// Says that a record is a deletion (ADR-8).
const OPERATION: &str = "KV-Operation";
/// Says why the server itself wrote the record of a deletion (ADR-43).
const MARKER: &str = "Nats-Marker-Reason";
/// Carries a key that is too long for a subject, in hex.
const KEY: &str = "Bb-Key";

/// Whether a record says that its key is gone.
pub(crate) fn deletes(headers: &Headers) -> bool {
    matches!(headers.get(OPERATION), Some("DEL" | "PURGE")) || headers.get(MARKER).is_some()
}

fn hex(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::with_capacity(text.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn unhex(hex: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}
