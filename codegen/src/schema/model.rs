//! What a workspace of schemas says, as owned plain data.
//!
//! Every fact that an emitter or a check needs is decided here once: names in all cases, resolved subjects,
//! effective time-outs, retry safety. Nothing downstream asks protox again.

mod cache;
mod index;
mod route;

use std::fmt;
use std::time::Duration;

pub use cache::{Cache, Invalidation, KeyField, KeyPart};
pub use index::{Index, IndexField, Occurs};
pub use route::{Body, FieldPath, HttpMethod, Path, Route, Scalar, Segment, Variable};

/// A whole workspace of schemas. Every list is sorted by full name unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Model {
    /// Packages, one per `package` statement found.
    pub packages: Vec<Package>,
    /// Streams, from every file's `streams` option.
    pub streams: Vec<Stream>,
}

/// One proto package.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Package {
    /// Full name, such as `bodybroker.time_manager.v1`.
    pub name: String,
    /// Rust module path below the output root, such as `["time_manager", "v1"]`, escaped as Rust needs it.
    pub modules: Vec<String>,
    /// Major version, from the last component of the name; `None` for a package that carries none.
    pub major: Option<u32>,
    /// Proto files of the package, relative to the schema root, in sorted order.
    pub files: Vec<String>,
    /// Leading comment of the first `package` statement that has one.
    pub docs: String,
    /// Packages whose types appear in this one's generated code (imports in use, consumed events), without itself.
    pub dependencies: Vec<String>,
    /// Services in the order of declaration.
    pub services: Vec<Service>,
    /// Events in the order of declaration.
    pub events: Vec<Event>,
    /// Messages with fields marked `sensitive`, nested ones included.
    pub redacted: Vec<Redacted>,
    /// What is sealed in the messages that services, events and buckets of the package carry, sorted by full name. Each is
    /// known by its place.
    pub sealed: Vec<Sealed>,
}

impl Package {
    /// Modules of the package, and behind them that of its version, if it has one: all versions share the first.
    pub(crate) fn split_version(&self) -> (&[String], &[String]) {
        let versioned = self.major.is_some() && self.modules.len() > 1;
        self.modules.split_at(self.modules.len() - usize::from(versioned))
    }

    /// What is sealed in a message that the package carries.
    #[must_use]
    pub fn sealed_in(&self, message: &Type) -> Option<&Sealed> {
        self.sealed.iter().find(|it| it.full_name == message.full_name && it.ident.is_some())
    }
}

/// One service.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Proto name, such as `TimeService`; also the name of the trait.
    pub name: String,
    /// Full proto name, such as `bodybroker.time_manager.v1.TimeService`.
    pub full_name: String,
    /// Name without the `Service` suffix, such as `Time`: the stem of `TimeClient`, `TimeServer`, `TimeMock`.
    pub stem: String,
    /// Leading comment.
    pub docs: String,
    /// Whether the service is deprecated.
    pub deprecated: bool,
    /// Subject prefix.
    pub subject: String,
    /// Queue group of methods that don't name their own.
    pub queue_group: String,
    /// Semantic version announced over discovery.
    pub version: String,
    /// 16 hex digits over everything a peer can notice: subjects, kinds, message shapes.
    pub schema_hash: String,
    /// Methods in the order of declaration.
    pub methods: Vec<Method>,
    /// Events consumed, in the order of declaration.
    pub consumes: Vec<Consume>,
    /// Buckets in the order of declaration, and behind them the one for answers to idempotency keys if any is kept.
    pub buckets: Vec<Bucket>,
    /// Full names of services that may be called, sorted.
    pub calls: Vec<String>,
}

/// One method.
#[derive(Debug, Clone, PartialEq)]
pub struct Method {
    /// Proto name, such as `GetTime`.
    pub name: String,
    /// Full proto name, such as `bodybroker.time_manager.v1.TimeService.GetTime`.
    pub full_name: String,
    /// Rust identifier, such as `get_time` or `r#type`.
    pub ident: String,
    /// Leading comment.
    pub docs: String,
    /// Whether the method is deprecated.
    pub deprecated: bool,
    /// Which sides stream.
    pub kind: Kind,
    /// Where calls go.
    pub subject: Template,
    /// Queue group that serves it.
    pub queue_group: String,
    /// Time a call may take.
    pub timeout: Duration,
    /// What makes a repeated call harmless.
    pub idempotency: Idempotency,
    /// Calls an instance runs at once.
    pub max_in_flight: u32,
    /// How that limit follows the times that calls take, if it does.
    pub adaptive: Option<Adaptive>,
    /// Whether floods of other methods are kept away from it.
    pub critical: bool,
    /// Frames a reader lets its producer send ahead.
    pub credit: u32,
    /// Silence after which a stream is given up.
    pub idle_timeout: Duration,
    /// What is done for callers when calls fail or dawdle.
    pub policy: Policy,
    /// How long the first answer to an idempotency key is kept, if it is.
    pub idempotency_ttl: Option<Duration>,
    /// How answers are kept near their callers, if they are.
    pub cache: Option<Cache>,
    /// Request message.
    pub request: Type,
    /// Response message.
    pub response: Type,
    /// Errors that callers match on, in the order of declaration.
    pub errors: Vec<DeclaredError>,
    /// Rust name of the enum that they are variants of, such as `UpdateStateError`; `None` when there are none.
    pub error_ident: Option<String>,
    /// Routes over HTTP, the first one first.
    pub routes: Vec<Route>,
}

/// An error that callers of a method match on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredError {
    /// Name, such as `VersionConflict`.
    pub name: String,
    /// Name that travels, such as `bodybroker.state_manager.v1.VersionConflict`.
    pub full_name: String,
    /// Leading comment of the message that travels with it.
    pub docs: String,
    /// Message that travels with it, if the package has one of this name.
    pub details: Option<Type>,
}

/// What is done for a method's callers when its calls fail or dawdle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// How calls are repeated.
    pub retry: Option<Retry>,
    /// When calls are given up for a while.
    pub breaker: Option<Breaker>,
    /// When a second call is made beside one that dawdles.
    pub hedge: Option<Hedge>,
}

/// How the limit of calls in flight follows the times that they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Adaptive {
    /// Calls that may always be in flight, fewer than the fixed limit.
    pub min_limit: u32,
    /// Percentage by which calls may take longer than without a queue.
    pub tolerance_percent: u32,
}

/// How a call is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Attempts in all, at least 2.
    pub max_attempts: u32,
    /// Limit of the first wait.
    pub initial_backoff: Duration,
    /// Limit of every wait.
    pub max_backoff: Duration,
    /// Time one attempt may take.
    pub attempt_timeout: Option<Duration>,
}

/// When calls are given up for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Time that is looked back on.
    pub window: Duration,
    /// Calls below which nothing is concluded.
    pub min_calls: u32,
    /// Percentage of failures from which calls are given up.
    pub failure_percent: u32,
    /// Time from which a call counts as slow.
    pub slow_call: Option<Duration>,
    /// Percentage of slow calls from which calls are given up.
    pub slow_percent: u32,
    /// Time for which calls are given up.
    pub open: Duration,
    /// Probes that must succeed.
    pub probes: u32,
}

/// When a second call is made beside one that dawdles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hedge {
    /// Time after which another call is made.
    pub delay: Duration,
    /// Calls in all.
    pub max_attempts: u32,
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
    /// It reads only (`NO_SIDE_EFFECTS`).
    NoSideEffects,
    /// Its effect is the same each time (`IDEMPOTENT`).
    Idempotent,
    /// The caller's key makes it one effect.
    Keyed,
}

/// A message type, as generated code names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Type {
    /// Full proto name, such as `acme.zoo.v1.Outer.Inner`.
    pub full_name: String,
    /// Full name of the package that declares it.
    pub package: String,
    /// Rust path inside the package's module, such as `["outer", "Inner"]`, escaped as Rust needs it.
    pub path: Vec<String>,
}

/// A subject with holes that fields fill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Text as written or resolved, such as `evt.state.entity.updated.v1.{entity_id}`.
    pub text: String,
    /// One entry a token.
    pub tokens: Vec<Token>,
}

impl Template {
    /// The pattern of every subject that it makes: `*` where fields go.
    #[must_use]
    pub fn pattern(&self) -> String {
        let tokens = self.tokens.iter().map(|token| match token {
            Token::Literal(text) => text.as_str(),
            Token::Field(_) => "*",
        });
        tokens.collect::<Vec<_>>().join(".")
    }
}

/// One token of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Text that stays.
    Literal(String),
    /// A field of the message, escaped into one token.
    Field(Field),
}

/// A singular scalar or enum field that fills a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Number.
    pub number: u32,
    /// Proto name.
    pub name: String,
    /// Rust identifier.
    pub ident: String,
    /// How its value becomes text.
    pub shape: Shape,
    /// Whether the Rust field is an `Option`.
    pub optional: bool,
}

/// How the value of a field becomes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `String`.
    Text,
    /// Any integer or enum number.
    Integer,
    /// `bool`.
    Bool,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The message.
    pub message: Type,
    /// Leading comment of the message.
    pub docs: String,
    /// Whether the message is deprecated.
    pub deprecated: bool,
    /// Snake-case name for methods, such as `time_tick`.
    pub ident: String,
    /// Where it is published.
    pub subject: Template,
    /// Stream that stores it.
    pub stream: String,
    /// Bucket that it is the write of, if any.
    pub bucket: Option<String>,
}

/// An event that a service consumes.
#[derive(Debug, Clone, PartialEq)]
pub struct Consume {
    /// Rust identifier of the trait's method, such as `on_time_tick`.
    pub ident: String,
    /// Durable consumer's name, such as `weather-manager-time-tick`.
    pub durable: String,
    /// The event.
    pub event: Event,
}

/// Stem of the bucket where a service keeps its answers to idempotency keys. No schema may declare one of this stem.
pub const ANSWERS: &str = "idempotency_answers";

/// Name of the constant that lists what is sealed in a package, beside those of its messages.
pub const MESSAGES: &str = "MESSAGES";

/// A bucket that belongs to a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Name.
    pub name: String,
    /// Rust constant-case and snake-case stem, such as `state`.
    pub ident: String,
    /// Message that is stored.
    pub value: Type,
    /// By what values are found besides their keys, in the order of declaration.
    pub indexes: Vec<Index>,
    /// Rust name of the store that has a lookup for each index, such as `StateStore`; `None` without indexes.
    pub store_ident: Option<String>,
    /// Revisions kept for each key.
    pub history: u32,
    /// How long a value is kept.
    pub ttl: Option<Duration>,
    /// Where values are kept.
    pub storage: Storage,
    /// Copies kept in production.
    pub replicas: u32,
    /// Version of the values, from 1.
    pub version: u32,
    /// Version that values are written in: that one or the one before.
    pub writes: u32,
    /// What values of the versions before are, the oldest first, without a gap up to the last.
    pub earlier: Vec<Earlier>,
    /// Name of what generated code has the steps in from one version to the next; `None` where there is none.
    pub steps_ident: Option<String>,
    /// Whether it is the one for answers to idempotency keys, which no schema declares and whose values are the runtime's.
    pub keeps_answers: bool,
}

impl Bucket {
    /// The versions that are read, the oldest first, each with its message.
    pub fn read(&self) -> impl Iterator<Item = (u32, &Type)> {
        let earlier = self.earlier.iter().map(|it| (it.version, &it.value));
        earlier.chain([(self.version, &self.value)])
    }
}

/// What the values of a bucket were in an earlier version.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// The version.
    pub version: u32,
    /// Message that was stored.
    pub value: Type,
}

/// A JetStream stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Stream {
    /// Name.
    pub name: String,
    /// Subjects captured, sorted.
    pub subjects: Vec<String>,
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
    /// Package and file that declare it.
    pub package: String,
    /// Buckets whose writes it carries, from events that name one.
    pub sources: Vec<Source>,
}

/// A bucket whose writes a stream carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// Bucket.
    pub bucket: String,
    /// Subject of the event, with `{{wildcard(1)}}` where the bucket's key goes.
    pub destination: String,
}

/// Where a stream or a bucket is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// On disk.
    File,
    /// In memory.
    Memory,
}

impl fmt::Display for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "on disk",
            Self::Memory => "in memory",
        })
    }
}

/// A message with secret fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Redacted {
    /// The message.
    pub message: Type,
    /// Every field and oneof of the message in order of declaration, as Rust identifier and whether it is secret.
    pub fields: Vec<(String, bool)>,
    /// Numbers and proto names of the secret fields.
    pub secrets: Vec<(u32, String)>,
}

/// A message that has secret fields, or leads to some. The entries of a map are messages, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Full proto name.
    pub full_name: String,
    /// Rust name of its constant, if the package carries the message as such.
    pub ident: Option<String>,
    /// The fields that count, by number.
    pub fields: Vec<SealedField>,
}

/// A field that is secret, or leads to some that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedField {
    /// Its number.
    pub number: u32,
    /// Its proto name.
    pub name: String,
    /// Place of the message that it leads to; `None` where the field itself is secret.
    pub inside: Option<usize>,
}
