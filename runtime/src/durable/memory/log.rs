//! One stream: an ordered log and what is known about its subjects, ids, sources and consumers.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::super::config::{bucket_stream, bucket_subject, covered};
use super::super::{
    Append, Appended, ConsumerConfig, Plan, RevisionConflict, Start, Stored, StreamConfig, missing,
    plan,
};
use super::consumer::Group;
use crate::bus::PAYLOAD_BYTES_MAX;
use crate::headers::{Headers, name};
use crate::status::{Executed, Result, Status};
use crate::subject::Filter;

/// A stream.
#[derive(Debug)]
pub(super) struct Log {
    config: StreamConfig,
    messages: BTreeMap<u64, Stored>,
    /// The sequences of each subject, oldest first.
    subjects: BTreeMap<String, VecDeque<u64>>,
    ids: BTreeMap<String, (u64, SystemTime)>,
    next: u64,
    /// Last sequence taken over from each source.
    taken: BTreeMap<String, u64>,
    groups: BTreeMap<String, Group>,
}

impl Log {
    pub(super) fn new(config: StreamConfig) -> Self {
        Self {
            config,
            messages: BTreeMap::new(),
            subjects: BTreeMap::new(),
            ids: BTreeMap::new(),
            next: 1,
            taken: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// The sequence that the next message gets.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    pub(super) fn at(&self, sequence: u64) -> Option<Stored> {
        self.messages.get(&sequence).cloned()
    }

    pub(super) fn last(&self, subject: &str) -> Option<Stored> {
        self.at(self.last_sequence(subject)?)
    }

    /// Lets go of every message of a subject.
    pub(super) fn purge(&mut self, subject: &str) {
        for sequence in self.subjects.remove(subject).unwrap_or_default() {
            self.messages.remove(&sequence);
        }
    }

    /// Every subject that matches and has a message.
    pub(super) fn subjects(&self, filter: &Filter) -> Vec<String> {
        let matching = self
            .subjects
            .iter()
            .filter(|(subject, sequences)| filter.matches(subject) && !sequences.is_empty());
        matching.map(|(subject, _)| subject.clone()).collect()
    }

    /// The place of the last message that matches; 0 when there is none.
    pub(super) fn last_place(&self, filter: &Filter) -> u64 {
        let mut latest = self.messages.values().rev();
        latest.find(|message| filter.matches(&message.subject)).map_or(0, |last| last.sequence)
    }

    /// The first message from a sequence on that matches.
    pub(super) fn first(&self, filter: &Filter, from: u64) -> Option<Stored> {
        self.messages
            .range(from..)
            .find(|(_, m)| filter.matches(&m.subject))
            .map(|(_, m)| m.clone())
    }

    pub(super) fn matching(&self, filter: &Filter, start: Start) -> Vec<Stored> {
        let wanted = |message: &&Stored| {
            filter.matches(&message.subject)
                && match start {
                    Start::All => true,
                    Start::LastPerSubject => {
                        self.last_sequence(&message.subject) == Some(message.sequence)
                    }
                    Start::New => false,
                    Start::Sequence(sequence) => message.sequence >= sequence,
                    Start::Time(time) => message.time >= time,
                }
        };
        let mut found: Vec<_> = self.messages.values().filter(wanted).cloned().collect();
        for (message, pending) in found.iter_mut().rev().zip(0..) {
            message.pending = pending;
        }
        found
    }

    pub(super) fn append(&mut self, append: Append, now: SystemTime) -> Result<Appended> {
        if let Some(sequence) = self.known(&append) {
            return Ok(Appended { sequence, duplicate: true });
        }
        self.judge(&append)?;
        Ok(Appended { sequence: self.take(append, now)?, duplicate: false })
    }

    /// Appends all or none. Nobody's answer is lost here, so an id that is known is somebody's mistake.
    pub(super) fn append_all(&mut self, appends: Vec<Append>, now: SystemTime) -> Result<Vec<u64>> {
        if !self.config.batches {
            return Err(Status::failed_precondition(format!(
                "{} takes no writes of several keys: provision it again",
                self.config.name
            )));
        }
        for append in &appends {
            if self.known(append).is_some() {
                return Err(Status::failed_precondition("a message of this id is there"));
            }
            // As on a server, it isn't told which expectation failed.
            self.judge(append).map_err(|refused| Status::new(refused.code(), refused.message()))?;
        }
        appends.into_iter().map(|append| self.take(append, now)).collect()
    }

    /// Where a message of this id is.
    fn known(&self, append: &Append) -> Option<u64> {
        self.ids.get(append.id.as_ref()?).map(|(sequence, _)| *sequence)
    }

    /// Whether a message may be taken.
    fn judge(&self, append: &Append) -> Result<()> {
        let Append { stream, subject, headers, payload, expect, .. } = append;
        let subject = subject.as_str();
        let bytes = headers.encoded_len() + payload.len();
        if bytes > PAYLOAD_BYTES_MAX {
            return Err(Status::invalid_argument(format!(
                "{subject}: the message has {bytes} bytes and {PAYLOAD_BYTES_MAX} are the most; keep less in it"
            ))
            .with_executed(Executed::No));
        }
        if !self.captures(subject) {
            return Err(missing::subject(stream, subject));
        }
        let current = self.last_sequence(subject).unwrap_or(0);
        if expect.is_some_and(|expected| expected != current) {
            return Err(RevisionConflict::status(subject, current));
        }
        Ok(())
    }

    fn take(&mut self, append: Append, now: SystemTime) -> Result<u64> {
        let Append { subject, mut headers, payload, id, .. } = append;
        if let Some(id) = id {
            headers.insert(name::MSG_ID, id.clone())?;
            self.ids.insert(id, (self.next, now));
        }
        Ok(self.push(subject.as_str(), headers, payload, now))
    }

    /// Takes a message of another stream over, if that is a source.
    pub(super) fn take_over(&mut self, stream: &str, message: &Stored, now: SystemTime) {
        let Some(source) = self.config.sources.iter().find(|s| bucket_stream(&s.bucket) == stream)
        else {
            return;
        };
        let Some(key) = message
            .subject
            .strip_prefix(&bucket_subject(&source.bucket))
            .and_then(|key| key.strip_prefix('.'))
        else {
            return;
        };
        // As on a server: what has more tokens than the key of an event is none.
        let holes = source.destination.matches("{{wildcard(").count().max(1);
        if key.split('.').count() != holes {
            return;
        }
        let subject = transform(&source.destination, key);
        let taken = self.taken.entry(stream.to_owned()).or_default();
        if message.sequence <= *taken {
            return;
        }
        *taken = message.sequence;
        let mut headers = message.headers.clone();
        let origin = format!("{stream} {}", message.sequence);
        // Stream names and numbers are printable, so the insert can't fail.
        let _ = headers.insert(name::STREAM_SOURCE, origin);
        self.push(&subject, headers, message.payload.clone(), now);
    }

    /// Lets go of messages and ids that are too old.
    pub(super) fn expire(&mut self, now: SystemTime) {
        let passed = |time: SystemTime, most| now.duration_since(time).is_ok_and(|d| d >= most);
        let max_age = self.config.max_age.unwrap_or(Duration::MAX);
        let old: Vec<u64> = self
            .messages
            .values()
            .filter(|message| match self.lifetime(message) {
                Lifetime::Stream => passed(message.time, max_age),
                Lifetime::Own(most) => passed(message.time, most),
                Lifetime::Endless => false,
            })
            .map(|message| message.sequence)
            .collect();
        for sequence in old {
            if let Some(message) = self.messages.remove(&sequence) {
                self.forget(&message);
            }
        }
        let window = self.config.duplicate_window;
        self.ids.retain(|_, (_, at)| now.duration_since(*at).is_ok_and(|d| d < window));
    }

    /// How long a message is kept, which it may say itself where the stream lets it.
    fn lifetime(&self, message: &Stored) -> Lifetime {
        let own = message.headers.get(name::TTL).filter(|_| self.config.batches);
        match own {
            None => Lifetime::Stream,
            Some("never") => Lifetime::Endless,
            Some(own) => {
                let seconds = own.strip_suffix('s').and_then(|seconds| seconds.parse().ok());
                seconds
                    .map_or(Lifetime::Stream, |seconds| Lifetime::Own(Duration::from_secs(seconds)))
            }
        }
    }

    /// In what it differs from a configuration.
    pub(super) fn compare(&self, config: &StreamConfig) -> Plan {
        let bytes = self.messages.values().map(|message| message.payload.len() as u64).sum();
        plan::compare(&self.config, config, bytes)
    }

    pub(super) fn reconfigure(&mut self, config: &StreamConfig) {
        self.config = config.clone();
    }

    /// Adds what a configuration has of subjects and sources.
    pub(super) fn extend(&mut self, config: &StreamConfig) {
        self.config.extend(config);
    }

    /// Whether everything that a configuration asks for is there.
    pub(super) fn covers(&self, config: &StreamConfig) -> bool {
        self.config.covers(config)
    }

    pub(super) fn join(&mut self, config: &ConsumerConfig) {
        self.groups.entry(config.name.clone()).or_insert_with(|| Group::new(config.clone()));
    }

    /// A consumer, taken out so that it can look at the messages; it must be put back.
    pub(super) fn take_group(&mut self, name: &str) -> Option<Group> {
        self.groups.remove(name)
    }

    pub(super) fn put_group(&mut self, name: &str, group: Group) {
        self.groups.insert(name.to_owned(), group);
    }

    fn captures(&self, subject: &str) -> bool {
        covered(&self.config.subjects, subject)
    }

    fn last_sequence(&self, subject: &str) -> Option<u64> {
        self.subjects.get(subject)?.back().copied()
    }

    fn push(&mut self, subject: &str, headers: Headers, payload: Bytes, now: SystemTime) -> u64 {
        let sequence = self.next;
        self.next += 1;
        // Moments are distinct even while the clock is paused, so that a reading can start at one.
        let after = self.messages.last_key_value().map(|(_, m)| m.time + Duration::from_nanos(1));
        let time = after.map_or(now, |after| after.max(now));
        let subject = subject.to_owned();
        let of_subject = self.subjects.entry(subject.clone()).or_default();
        if headers.get(name::ROLLUP) == Some("sub") {
            for earlier in of_subject.drain(..) {
                self.messages.remove(&earlier);
            }
        }
        of_subject.push_back(sequence);
        let most = self.config.limits.messages_per_subject.map_or(usize::MAX, |most| most as usize);
        if of_subject.len() > most
            && let Some(oldest) = of_subject.pop_front()
        {
            self.messages.remove(&oldest);
        }
        let message = Stored { sequence, subject, headers, payload, time, pending: 0 };
        self.messages.insert(sequence, message);
        sequence
    }

    fn forget(&mut self, message: &Stored) {
        let Some(of_subject) = self.subjects.get_mut(&message.subject) else { return };
        of_subject.retain(|&sequence| sequence != message.sequence);
        if of_subject.is_empty() {
            self.subjects.remove(&message.subject);
        }
    }
}

/// How long a message is kept.
enum Lifetime {
    /// As long as the stream says.
    Stream,
    /// As long as it says itself.
    Own(Duration),
    /// For ever, whatever the stream says.
    Endless,
}

/// Fills the holes of a destination with the tokens of a key.
fn transform(destination: &str, key: &str) -> String {
    let mut subject = destination.to_owned();
    for (token, number) in key.split('.').zip(1..) {
        subject = subject.replace(&format!("{{{{wildcard({number})}}}}"), token);
    }
    subject
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_bucket_fills_the_events_subject() {
        assert_eq!(transform("evt.a.{{wildcard(1)}}.v1", "k=20"), "evt.a.k=20.v1");
    }
}
