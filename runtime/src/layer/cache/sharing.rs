//! Answers that processes share, where the store may be late, lose what it holds, or be asked by those who know less.
//!
//! Where events end answers, what an answer is about has a mark, a random number. An answer is stored with the mark that
//! was there before it was asked for, and counts while that is the mark. Every process that hears of an event sets
//! another: an answer that was under way then is stored in vain, whoever stores it and however late. A mark that is lost
//! costs a call, since the next is another.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::guard::Guard;
use super::key::Key;
use crate::headers::Headers;
use crate::layer::Response;
use crate::spec::{self, MethodSpec};
use crate::status::Result;

/// Bytes of a mark, and of the checksum of an answer.
const MARK: usize = 8;

/// Marks last at least this long: one that goes costs a call.
const MARK_TTL_MIN: Duration = Duration::from_mins(1);

/// How the answers of one method are shared.
#[derive(Debug)]
pub(super) struct Sharing {
    guard: Arc<Guard>,
    ttl: Duration,
    /// Tells methods and schemas apart.
    prefix: String,
    /// Whether events end answers.
    has_marks: bool,
}

/// What other processes know.
pub(super) enum Found {
    Answer(Response),
    /// Nothing, but the next answer can be stored.
    Place(Place),
    /// Nothing can be known now.
    Nothing,
}

/// Where an answer may be stored that is asked for from now on.
pub(super) struct Place {
    name: String,
    mark: Bytes,
}

impl Sharing {
    /// `None` when the schema doesn't want it.
    pub(super) fn new(
        guard: &Arc<Guard>,
        method: &'static MethodSpec,
        policy: &'static spec::Cache,
    ) -> Option<Self> {
        Some(Self {
            guard: Arc::clone(guard),
            ttl: policy.shared_ttl?,
            prefix: format!("{}:{}", method.subject, policy.schema),
            has_marks: !policy.invalidated_by.is_empty(),
        })
    }

    /// How long an answer serves other processes.
    pub(super) fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Looks for an answer; unless it is `trusted`, only for where the next can be stored.
    pub(super) async fn find(&self, about: &str, key: &Key, trusted: bool) -> Found {
        let slot = self.slot(about);
        let name = format!("{slot}:{}", key.digest());
        let looked = self.guard.ask(async {
            let (mark, value) = if self.has_marks {
                self.marked(&slot, &name).await?
            } else {
                let [value] = self.get([&name]).await?;
                (Some(Bytes::from_static(&[0; MARK])), value)
            };
            let Some(mark) = mark else { return Ok((self.new_mark(&slot).await?, None)) };
            let value = value.filter(|_| trusted);
            let body = value.and_then(|value| open(&mark, &value));
            Ok((Some(mark), body))
        });
        match looked.await {
            Some((_, Some(body))) => Found::Answer(Response { headers: Headers::new(), body }),
            Some((Some(mark), None)) => Found::Place(Place { name, mark }),
            Some((None, None)) | None => Found::Nothing,
        }
    }

    /// Stores an answer that was asked for at some moment. One with headers is not: they may be anything.
    pub(super) async fn put(&self, place: Place, response: &Response, asked: SystemTime) {
        if !response.headers.is_empty() {
            return;
        }
        let Place { name, mark } = place;
        let value = seal(&mark, &response.body);
        let _ = self.guard.ask(self.guard.store.put(&name, value, asked + self.ttl)).await;
    }

    /// Puts what opens nowhere in the place of an answer, as of some moment.
    pub(super) async fn spoil(&self, place: Place, asked: SystemTime) {
        let value = seal(&random(), &[]);
        let _ = self.guard.ask(self.guard.store.put(&place.name, value, asked + self.ttl)).await;
    }

    /// Ends all answers about something; `false` when the store may not know.
    pub(super) async fn end(&self, about: &str) -> bool {
        let name = format!("{}:mark", self.slot(about));
        let mark = self.guard.store.mark(&name, random(), self.mark_ttl(), true);
        self.guard.ask(mark).await.is_some()
    }

    /// Common beginning of the names of all answers about something. What stands in braces says where a cluster keeps
    /// it, so that they lie together.
    fn slot(&self, about: &str) -> String {
        format!("bb1:{{{}:{about}}}", self.prefix)
    }

    async fn marked(&self, slot: &str, name: &str) -> Result<(Option<Bytes>, Option<Bytes>)> {
        let mark = format!("{slot}:mark");
        let [mark, value] = self.get([&mark, name]).await?;
        Ok((mark.filter(|mark| mark.len() == MARK), value))
    }

    /// Sets a mark where there is none, or finds the one that another process was quicker to set.
    async fn new_mark(&self, slot: &str) -> Result<Option<Bytes>> {
        let name = format!("{slot}:mark");
        self.guard.store.mark(&name, random(), self.mark_ttl(), false).await?;
        let [mark] = self.get([&name]).await?;
        Ok(mark.filter(|mark| mark.len() == MARK))
    }

    async fn get<const N: usize>(&self, names: [&str; N]) -> Result<[Option<Bytes>; N]> {
        let mut found = self.guard.store.get(&names).await?.into_iter();
        Ok(std::array::from_fn(|_| found.next().flatten()))
    }

    fn mark_ttl(&self) -> Duration {
        MARK_TTL_MIN.max(self.ttl * 10)
    }
}

fn random() -> Bytes {
    Bytes::copy_from_slice(&rand::random::<[u8; MARK]>())
}

/// Packs an answer: the mark, a checksum, the message.
fn seal(mark: &[u8], body: &[u8]) -> Bytes {
    [mark, &checksum(body), body].concat().into()
}

/// Unpacks an answer, if it counts under this mark.
fn open(mark: &[u8], value: &Bytes) -> Option<Bytes> {
    let (head, body) = value.split_at_checked(2 * MARK)?;
    let counts = head[..MARK] == *mark && head[MARK..] == checksum(body);
    counts.then(|| value.slice(2 * MARK..))
}

fn checksum(body: &[u8]) -> [u8; MARK] {
    let mut sum = [0; MARK];
    sum.copy_from_slice(&blake3::hash(body).as_bytes()[..MARK]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_under_its_mark_and_whole() {
        let sealed = seal(b"mark one", b"body");
        assert_eq!(open(b"mark one", &sealed).as_deref(), Some(b"body".as_slice()));
        assert_eq!(open(b"mark two", &sealed), None);
        assert_eq!(open(b"mark one", &sealed.slice(..sealed.len() - 1)), None);
        assert_eq!(open(b"mark one", &Bytes::from_static(b"mark one")), None);
    }
}
