//! How streams and consumers are set up.

use std::time::Duration;

use crate::spec::{BucketSpec, ConsumeSpec, EventSpec, Storage, StreamSpec};
use crate::subject::Filter;

/// How a stream is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamConfig {
    /// Name.
    pub name: String,
    /// Subjects captured.
    pub subjects: Vec<String>,
    /// How long a message is kept; `None` for ever.
    pub max_age: Option<Duration>,
    /// Where messages are kept.
    pub storage: Storage,
    /// Copies kept.
    pub replicas: u32,
    /// Window in which a repeated message id is recognised.
    pub duplicate_window: Duration,
    /// What bounds it.
    pub limits: Limits,
    /// Streams whose messages it takes over.
    pub sources: Vec<StreamSource>,
    /// Whether it is a key-value bucket.
    pub bucket: bool,
    /// Whether it takes several messages in one step, and messages that say how long they are kept.
    pub batches: bool,
    /// The stream that takes its writes over, if any.
    pub taken_over: Option<TakenOver>,
}

/// What bounds a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Largest size in bytes.
    pub bytes: Option<u64>,
    /// Messages kept for each subject.
    pub messages_per_subject: Option<u32>,
}

/// A bucket whose writes a stream takes over under another subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSource {
    /// The bucket.
    pub bucket: String,
    /// Subject with `{{wildcard(1)}}` where the key goes.
    pub destination: String,
}

/// Where the writes of a bucket become events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenOver {
    /// The stream.
    pub stream: String,
    /// Subject with `{{wildcard(1)}}` where the key goes.
    pub destination: String,
}

/// The stream behind a bucket (ADR-8).
pub(crate) fn bucket_stream(bucket: &str) -> String {
    format!("KV_{bucket}")
}

/// The prefix of a bucket's subjects (ADR-8).
pub(crate) fn bucket_subject(bucket: &str) -> String {
    format!("$KV.{bucket}")
}

/// Revisions of a key that a stream may lag behind the bucket whose writes it takes over.
pub(crate) const EVENT_BACKLOG: u32 = 64;

/// Ids are remembered this long where nobody says otherwise; the server's own default.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(2);

impl StreamConfig {
    /// Sets up a stream as its spec says.
    #[must_use]
    pub fn of_stream(spec: &StreamSpec) -> Self {
        let StreamSpec {
            name,
            subjects,
            max_age,
            storage,
            replicas,
            duplicate_window,
            max_bytes,
            sources,
        } = spec;
        Self {
            name: (*name).to_owned(),
            subjects: subjects.iter().map(|&subject| subject.to_owned()).collect(),
            max_age: Some(*max_age).filter(|age| !age.is_zero()),
            storage: *storage,
            replicas: *replicas,
            duplicate_window: *duplicate_window,
            limits: Limits { bytes: *max_bytes, messages_per_subject: None },
            sources: sources
                .iter()
                .map(|source| StreamSource {
                    bucket: source.bucket.to_owned(),
                    destination: source.destination.to_owned(),
                })
                .collect(),
            bucket: false,
            batches: false,
            taken_over: None,
        }
    }

    /// Sets up the stream of a bucket as its spec says.
    #[must_use]
    pub fn of_bucket(spec: &BucketSpec) -> Self {
        let BucketSpec {
            name,
            value: _,
            sealed: _,
            indexes: _,
            history,
            ttl,
            storage,
            replicas,
            versions: _,
        } = spec;
        let window = ttl.map_or(DUPLICATE_WINDOW, |ttl| ttl.min(DUPLICATE_WINDOW));
        Self {
            name: bucket_stream(name),
            subjects: vec![format!("{}.>", bucket_subject(name))],
            max_age: *ttl,
            storage: *storage,
            replicas: *replicas,
            duplicate_window: window,
            limits: Limits { bytes: None, messages_per_subject: Some((*history).max(1)) },
            sources: Vec::new(),
            bucket: true,
            batches: true,
            taken_over: None,
        }
    }

    /// Sets up as much of an event's stream as the event knows: enough where nobody provisions.
    #[must_use]
    pub fn of_event(spec: &EventSpec) -> Self {
        let sources = spec.bucket.map(|bucket| StreamSource {
            bucket: bucket.to_owned(),
            destination: spec.filter.replace('*', "{{wildcard(1)}}"),
        });
        // What a bucket's write brings isn't published.
        let subjects =
            if spec.bucket.is_some() { Vec::new() } else { vec![spec.filter.to_owned()] };
        Self {
            name: spec.stream.to_owned(),
            subjects,
            max_age: None,
            storage: Storage::File,
            replicas: 1,
            duplicate_window: DUPLICATE_WINDOW,
            limits: Limits::default(),
            sources: sources.into_iter().collect(),
            bucket: false,
            batches: false,
            taken_over: None,
        }
    }

    /// Adds what another configuration has of subjects and sources.
    pub(crate) fn extend(&mut self, other: &Self) {
        for subject in &other.subjects {
            if !covered(&self.subjects, subject) {
                self.subjects.push(subject.clone());
            }
        }
        for source in &other.sources {
            if !self.sources.contains(source) {
                self.sources.push(source.clone());
            }
        }
    }

    /// Whether everything that another configuration has of subjects and sources is there.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.subjects.iter().all(|subject| covered(&self.subjects, subject))
            && other.sources.iter().all(|source| self.sources.contains(source))
    }

    /// Lets a bucket keep more revisions than its readers want, because a stream takes them over a moment later: what
    /// is overwritten before that is lost to the stream.
    pub(crate) fn keep_for_events(&mut self, taken_over: TakenOver) {
        self.taken_over = Some(taken_over);
        let messages = &mut self.limits.messages_per_subject;
        *messages = messages.map(|messages| messages.max(EVENT_BACKLOG));
    }

    /// Sets up the stream of dead letters.
    #[must_use]
    pub fn of_dead_letters() -> Self {
        const KEPT: Duration = Duration::from_hours(14 * 24);
        const REMEMBERED: Duration = Duration::from_hours(1);
        Self {
            name: DEAD_LETTERS.to_owned(),
            subjects: vec!["dlq.>".to_owned()],
            max_age: Some(KEPT),
            storage: Storage::File,
            replicas: 1,
            duplicate_window: REMEMBERED,
            limits: Limits::default(),
            sources: Vec::new(),
            bucket: false,
            batches: false,
            taken_over: None,
        }
    }
}

/// Whether everything that a filter matches is captured by one of the subjects.
pub(crate) fn covered(subjects: &[String], filter: &str) -> bool {
    subjects.iter().any(|subject| covers(subject, filter))
}

fn covers(subject: &str, filter: &str) -> bool {
    let (mut wide, mut narrow) = (subject.split('.'), filter.split('.'));
    loop {
        match (wide.next(), narrow.next()) {
            (Some(">"), Some(_)) | (None, None) => return true,
            (Some("*"), Some(token)) if token != ">" => {}
            (Some(same), Some(token)) if same == token => {}
            _ => return false,
        }
    }
}

/// Name of the stream of dead letters.
pub(crate) const DEAD_LETTERS: &str = "DLQ";

/// How a durable consumer is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerConfig {
    /// Stream that it reads.
    pub stream: String,
    /// Name, shared by those who share the work.
    pub name: String,
    /// Subjects of interest.
    pub filter: Filter,
    /// Silence after which a message is delivered to somebody else.
    pub ack_wait: Duration,
    /// Messages in hand at once, of all who share it.
    pub max_in_hand: u32,
}

impl ConsumerConfig {
    /// Silence after which a message is delivered to somebody else; handlers beat three times as often.
    pub const ACK_WAIT: Duration = Duration::from_secs(30);
    /// Messages in hand at once: the server's default.
    pub const MAX_IN_HAND: u32 = 1000;

    /// Sets up the consumer of an event.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the event's filter is malformed.
    pub fn of_event(spec: &ConsumeSpec) -> crate::Result<Self> {
        Ok(Self {
            stream: spec.event.stream.to_owned(),
            name: spec.durable.to_owned(),
            filter: Filter::parse(spec.event.filter)?,
            ack_wait: Self::ACK_WAIT,
            max_in_hand: Self::MAX_IN_HAND,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_covered_by_one_that_matches_all_that_it_does() {
        let covers = |subject: &str, filter: &str| covered(&[subject.to_owned()], filter);
        for (subject, filter) in
            [("evt.>", "evt.*"), ("evt.>", "evt.a.>"), ("evt.*", "evt.*"), ("a.*.c", "a.b.c")]
        {
            assert!(covers(subject, filter), "{subject} {filter}");
        }
        for (subject, filter) in
            [("evt.*", "evt.>"), ("evt.x", "evt.*"), ("evt.>", "evt"), ("a.*", "a"), ("a", "a.b")]
        {
            assert!(!covers(subject, filter), "{subject} {filter}");
        }
    }
}
