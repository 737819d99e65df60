use std::time::Duration;

/// How answers of a method are kept near their callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// What an answer is about.
    pub key: Vec<KeyPart>,
    /// How long a process gives an answer again.
    pub local_ttl: Duration,
    /// How long an answer serves other processes, if it does.
    pub shared_ttl: Option<Duration>,
    /// How long a process gives `NOT_FOUND` again, if it does.
    pub negative_ttl: Option<Duration>,
    /// How long after `local_ttl` an answer is still given, if it is.
    pub stale_ttl: Option<Duration>,
    /// Events after which the answer is another, in the order of declaration.
    pub invalidated_by: Vec<Invalidation>,
}

/// A part of what an answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyPart {
    /// Text that stays.
    Literal(String),
    /// A field of the request, escaped as in a subject.
    Field(KeyField),
}

/// A field of a request that tells what its answer is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyField {
    /// Number.
    pub number: u32,
    /// Proto name.
    pub name: String,
    /// Type as proto names it, `enum` for any enum.
    pub scalar: &'static str,
}

/// An event after which an answer is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalidation {
    /// Subject, with `*` where fields go.
    pub filter: String,
    /// Stream that stores it.
    pub stream: String,
    /// Which tokens of the subject, from 0, are the fields of the key, in their order there.
    pub tokens: Vec<usize>,
}
