//! How answers of a method are kept near their callers.

use std::time::Duration;

use super::Scalar;

/// How answers of a method are kept near their callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    /// Schema hash of the service: what is shared under another one is another answer.
    pub schema: &'static str,
    /// What an answer is about. An event drops all answers of one key at once.
    pub key: &'static [KeyPart],
    /// How long a process gives an answer again.
    pub local_ttl: Duration,
    /// How long an answer that one process was given serves the others, if it does.
    pub shared_ttl: Option<Duration>,
    /// How long a process gives `NOT_FOUND` again, if it does.
    pub negative_ttl: Option<Duration>,
    /// How long after `local_ttl` an answer is still given while the next is fetched, if it is.
    pub stale_ttl: Option<Duration>,
    /// Events after which the answer is another.
    pub invalidated_by: &'static [Invalidation],
}

/// A part of what an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPart {
    /// Text that stays.
    Literal(&'static str),
    /// A field of the request, written as a token of a subject is.
    Field {
        /// Its number.
        number: u32,
        /// Its type.
        scalar: Scalar,
    },
}

/// An event after which an answer is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invalidation {
    /// Its subject, with `*` where fields go.
    pub filter: &'static str,
    /// Stream that stores it.
    pub stream: &'static str,
    /// Which tokens of the subject, from 0, are the fields of the key, in their order there.
    pub tokens: &'static [usize],
}
