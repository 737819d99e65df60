//! What the schema says, as statics that generated code declares and the runtime reads.

use std::time::Duration;

mod cache;
#[cfg(test)]
pub(crate) mod example;
mod index;
mod policy;
mod scalar;
mod sealed;
mod versions;

pub use cache::{Cache, Invalidation, KeyPart};
pub(crate) use index::Said;
pub use index::{IndexField, IndexSpec, Occurs};
pub use policy::{Adaptive, Breaker, Hedge, Policy, Replay, Retry};
pub use scalar::Scalar;
pub use sealed::{Sealed, SealedField, SealedMessage, SealedSides};
pub use versions::{Earlier, Versions};

/// A service.
#[derive(Debug)]
pub struct ServiceSpec {
    /// Full proto name, such as `bodybroker.time_manager.v1.TimeService`.
    pub name: &'static str,
    /// First paragraph of the service's comment.
    pub description: &'static str,
    /// Subject prefix, such as `svc.time.manager.v1`.
    pub subject: &'static str,
    /// Queue group of methods that don't name their own.
    pub queue_group: &'static str,
    /// Semantic version.
    pub version: &'static str,
    /// 16 hex digits over everything a peer can notice.
    pub schema_hash: &'static str,
    /// Methods in the order of declaration; a method's index is its identity in dispatch.
    pub methods: &'static [MethodSpec],
    /// Events of the service's package, in the order of declaration.
    pub publishes: &'static [&'static EventSpec],
    /// Events consumed, in the order of declaration.
    pub consumes: &'static [ConsumeSpec],
    /// Buckets that belong to the service.
    pub buckets: &'static [&'static BucketSpec],
    /// Full names of services that may be called.
    pub calls: &'static [&'static str],
}

impl ServiceSpec {
    /// Whether a method has a queue of its own.
    pub(crate) fn has_critical(&self) -> bool {
        self.methods.iter().any(|method| method.critical)
    }
}

/// A method.
#[derive(Debug)]
pub struct MethodSpec {
    /// Full name of the service.
    pub service: &'static str,
    /// Subject prefix of the service, the same as [`ServiceSpec::subject`].
    pub service_subject: &'static str,
    /// Proto name, such as `GetTime`.
    pub name: &'static str,
    /// Subject that the server subscribes to: the subject itself, or with `*` where fields go.
    pub subject: &'static str,
    /// Queue group.
    pub queue_group: &'static str,
    /// Which sides stream.
    pub kind: Kind,
    /// Time a call may take.
    pub timeout: Duration,
    /// What makes a repeated call harmless.
    pub idempotency: Idempotency,
    /// Calls an instance runs at once; more are refused with `RESOURCE_EXHAUSTED`.
    pub max_in_flight: u32,
    /// How that limit follows the times that calls take, if it does.
    pub adaptive: Option<Adaptive>,
    /// Whether floods of other methods are kept away from it: its requests have a connection and a thread of their own.
    pub critical: bool,
    /// Frames a reader lets its producer send ahead.
    pub credit: u32,
    /// Silence after which a stream is given up.
    pub idle_timeout: Duration,
    /// What is done for callers when calls fail or dawdle.
    pub policy: Policy,
    /// Where the first answer to an idempotency key is kept, if it is.
    pub replay: Option<Replay>,
    /// Full name of the request message.
    pub request: &'static str,
    /// Full name of the response message.
    pub response: &'static str,
    /// What is sealed in requests and responses.
    pub sealed: SealedSides,
}

impl MethodSpec {
    /// A method of which nothing is said, for what is to be said to be filled in.
    pub const EMPTY: Self = Self {
        service: "",
        service_subject: "",
        name: "",
        subject: "",
        queue_group: "",
        kind: Kind::Unary,
        timeout: Duration::ZERO,
        idempotency: Idempotency::None,
        max_in_flight: 0,
        adaptive: None,
        critical: false,
        credit: 0,
        idle_timeout: Duration::ZERO,
        policy: Policy::NONE,
        replay: None,
        request: "",
        response: "",
        sealed: SealedSides::NONE,
    };

    /// Whether calling again is harmless; `keyed` says whether the call names its effect.
    #[must_use]
    pub fn is_repeatable(&self, keyed: bool) -> bool {
        match self.idempotency {
            Idempotency::NoSideEffects | Idempotency::Idempotent => true,
            Idempotency::Keyed => keyed,
            Idempotency::None => false,
        }
    }

    /// Tells methods apart, by where their statics are.
    pub(crate) fn address(&'static self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}

/// Which sides of a method stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One request, one response.
    Unary,
    /// One request, many responses.
    ServerStream,
    /// Many requests, one response.
    ClientStream,
    /// Many requests, many responses.
    Bidirectional,
}

/// What makes a repeated call harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing does.
    None,
    /// It reads only.
    NoSideEffects,
    /// Its effect is the same each time.
    Idempotent,
    /// The caller's key makes it one effect.
    Keyed,
}

/// An event.
#[derive(Debug)]
pub struct EventSpec {
    /// Full name of the message.
    pub name: &'static str,
    /// Subject with `*` where fields go.
    pub filter: &'static str,
    /// Stream that stores it.
    pub stream: &'static str,
    /// Where the stream keeps it.
    pub storage: Storage,
    /// Copies that the stream keeps in production.
    pub replicas: u32,
    /// Bucket that it is the write of, if any.
    pub bucket: Option<&'static str>,
    /// What is sealed in it.
    pub sealed: Option<Sealed>,
}

/// An event that a service consumes.
#[derive(Debug)]
pub struct ConsumeSpec {
    /// Durable consumer's name, shared by the service's instances.
    pub durable: &'static str,
    /// The event.
    pub event: &'static EventSpec,
}

/// A key-value bucket.
#[derive(Debug)]
pub struct BucketSpec {
    /// Name.
    pub name: &'static str,
    /// Full name of the stored message.
    pub value: &'static str,
    /// What is sealed in its values.
    pub sealed: Option<Sealed>,
    /// By what its values are found, besides their keys.
    pub indexes: &'static [IndexSpec],
    /// Revisions kept for each key.
    pub history: u32,
    /// How long a value is kept.
    pub ttl: Option<Duration>,
    /// Where values are kept.
    pub storage: Storage,
    /// Copies kept in production.
    pub replicas: u32,
    /// In which versions values are.
    pub versions: Versions,
}

/// A JetStream stream.
#[derive(Debug)]
pub struct StreamSpec {
    /// Name.
    pub name: &'static str,
    /// Subjects captured.
    pub subjects: &'static [&'static str],
    /// How long a message is kept.
    pub max_age: Duration,
    /// Where messages are kept.
    pub storage: Storage,
    /// Copies kept in production.
    pub replicas: u32,
    /// Window in which a repeated message id is recognised.
    pub duplicate_window: Duration,
    /// Largest size in bytes, if bounded.
    pub max_bytes: Option<u64>,
    /// Buckets whose writes the stream carries as events.
    pub sources: &'static [SourceSpec],
}

/// A bucket whose writes a stream carries as events.
#[derive(Debug)]
pub struct SourceSpec {
    /// Bucket.
    pub bucket: &'static str,
    /// Subject of the event, with `{{wildcard(1)}}` where the bucket's key goes.
    pub destination: &'static str,
}

/// Where a stream or a bucket is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// On disk.
    File,
    /// In memory.
    Memory,
}
