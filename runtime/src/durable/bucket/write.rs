//! Writing to a bucket: one key, or several in one step.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use super::{Bucket, KEY, OPERATION, Record, hex};
use crate::content;
use crate::durable::{Append, RevisionConflict};
use crate::headers::{Headers, name};
use crate::shown::Length;
use crate::status::{Code, Result, Status};
use crate::telemetry::trace;

/// Deletions that may come between the attempts to create a key.
const DELETIONS_MAX: usize = 3;

/// A write of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Write {
    /// The key.
    pub key: String,
    /// The bytes; `None` deletes the key.
    pub value: Option<Bytes>,
    /// What the key must hold.
    pub expect: Expect,
    /// How long the value is kept, in whole seconds, rounded up; `None` for as long as the bucket keeps values.
    pub expires_in: Option<Duration>,
}

/// What a write expects to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Whatever is there.
    Anything,
    /// Nothing, or what was deleted.
    Absent,
    /// This revision, which may be that of a deletion; 0 where the key never was.
    Revision(u64),
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, value, expect, expires_in } = self;
        f.debug_struct("Write")
            .field("key", key)
            .field("value", &value.as_deref().map(Length))
            .field("expect", expect)
            .field("expires_in", expires_in)
            .finish()
    }
}

impl Write {
    /// Writes a key whatever is there; the fields say more.
    pub fn put(key: impl Into<String>, value: Bytes) -> Self {
        let (expect, expires_in) = (Expect::Anything, None);
        Self { key: key.into(), value: Some(value), expect, expires_in }
    }

    /// Writes a key that isn't there.
    pub fn create(key: impl Into<String>, value: Bytes) -> Self {
        Self { expect: Expect::Absent, ..Self::put(key, value) }
    }

    /// Writes a key whose revision is still the one given.
    pub fn update(key: impl Into<String>, value: Bytes, revision: u64) -> Self {
        Self { expect: Expect::Revision(revision), ..Self::put(key, value) }
    }

    /// Deletes a key whatever is there; the fields say more.
    pub fn delete(key: impl Into<String>) -> Self {
        let (expect, expires_in) = (Expect::Anything, None);
        Self { key: key.into(), value: None, expect, expires_in }
    }
}

impl Bucket {
    /// Writes a key that isn't there.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` with a [`RevisionConflict`] when it is.
    pub async fn create(&self, key: &str, value: Bytes) -> Result<u64> {
        self.write(Write::create(key, value)).await
    }

    /// Writes a key whose revision is still the one given.
    ///
    /// # Errors
    /// `ABORTED` with a [`RevisionConflict`] when it isn't.
    pub async fn update(&self, key: &str, value: Bytes, revision: u64) -> Result<u64> {
        self.write(Write::update(key, value, revision)).await
    }

    /// Writes a key whatever is there.
    pub async fn put(&self, key: &str, value: Bytes) -> Result<u64> {
        self.write(Write::put(key, value)).await
    }

    /// Deletes a key, if its revision is still the one given, or whatever is there.
    ///
    /// # Errors
    /// `ABORTED` with a [`RevisionConflict`] when the revision is another.
    pub async fn delete(&self, key: &str, revision: Option<u64>) -> Result<u64> {
        let expect = revision.map_or(Expect::Anything, Expect::Revision);
        self.write(Write { expect, ..Write::delete(key) }).await
    }

    /// Writes a key, and tells its revision.
    ///
    /// # Errors
    /// As [`Bucket::write_all`].
    pub async fn write(&self, write: Write) -> Result<u64> {
        self.write_one_beside(write, Vec::new()).await
    }

    /// The same, with messages of the stream that are no keys.
    pub(crate) async fn write_one_beside(&self, write: Write, beside: Vec<Append>) -> Result<u64> {
        let revisions = self.write_beside(&[write], beside).await?;
        revisions.first().copied().ok_or_else(|| Status::internal("a write without a revision"))
    }

    /// Writes several keys in one step, all or none, and tells the revision of each. No key may be there twice, and
    /// there are at most [`BATCH_MAX`](crate::durable::BATCH_MAX).
    ///
    /// # Errors
    /// With a [`RevisionConflict`] that names the key: `ALREADY_EXISTS` when one should have been absent, `ABORTED` when
    /// one has another revision. `UNAVAILABLE` when nothing was written because what was written before doesn't become events.
    pub async fn write_all(&self, writes: Vec<Write>) -> Result<Vec<u64>> {
        self.write_beside(&writes, Vec::new()).await
    }

    /// The same, with messages of the stream that are no keys. An `ABORTED` without a conflict is about those.
    pub(crate) async fn write_beside(
        &self,
        writes: &[Write],
        beside: Vec<Append>,
    ) -> Result<Vec<u64>> {
        if !self.indexes.is_empty() {
            return self.write_indexed(writes, &beside).await;
        }
        let mut expected: Vec<_> = writes.iter().map(|write| write.expect.revision()).collect();
        for _ in 0..DELETIONS_MAX {
            let appends = writes.iter().zip(&expected).map(|(write, at)| self.append(write, *at));
            let mut appends = appends.collect::<Result<Vec<_>>>()?;
            appends.extend_from_slice(&beside);
            match self.commit(writes, appends).await {
                Err(refused) if refused.code() == Code::Aborted => {
                    if !self.explain(writes, &mut expected, &refused).await? {
                        return Err(refused);
                    }
                }
                ended => return ended,
            }
        }
        Err(Status::aborted(format!("bucket {}: others keep deleting the keys", self.name)))
    }

    /// The message that a write is.
    pub(crate) fn append(&self, write: &Write, expect: Option<u64>) -> Result<Append> {
        let Write { key, value, expires_in, expect: _ } = write;
        let mut headers = Headers::new();
        if value.is_none() {
            headers.insert(OPERATION, "DEL")?;
        }
        let subject = self.subject(key);
        if self.hashed(&subject) {
            headers.insert(KEY, hex(key))?;
        }
        self.mark_indexed(&mut headers)?;
        if let Some(time) = expires_in {
            headers.insert(name::TTL, whole_seconds(*time))?;
            // What the value replaced would come back when it is gone.
            headers.insert(name::ROLLUP, "sub")?;
        }
        let value = value.clone().map(|value| self.to_write(value, &mut headers)).transpose()?;
        // The write may be an event, too.
        trace::inject_current(&mut headers);
        let payload = content::pack_to_keep(value.unwrap_or_default(), &mut headers);
        Ok(Append { stream: self.stream.clone(), subject, headers, payload, expect, id: None })
    }

    /// Finds out which expectation failed. `true` when only that a key was deleted once, which counts as not there:
    /// then its revision is what to expect. `false` when no key is to blame.
    async fn explain(
        &self,
        writes: &[Write],
        expected: &mut [Option<u64>],
        refused: &Status,
    ) -> Result<bool> {
        let is_alone = writes.len() == 1 && RevisionConflict::current(refused).is_some();
        let mut learned = false;
        for (write, expected) in writes.iter().zip(expected) {
            let Some(at) = *expected else { continue };
            if is_alone && write.expect != Expect::Absent {
                return Err(refused.clone());
            }
            let last = self.last(&write.key).await?;
            let current = last.as_ref().map_or(0, |record| record.revision);
            if current == at {
                continue;
            }
            let is_there = matches!(last, Some(Record { value: Some(_), .. }));
            if write.expect != Expect::Absent || is_there {
                return Err(self.conflict(write, current));
            }
            *expected = Some(current);
            learned = true;
        }
        Ok(learned)
    }

    pub(super) fn conflict(&self, write: &Write, current_revision: u64) -> Status {
        let (name, key) = (self.name, &write.key);
        let status = match write.expect {
            Expect::Absent => Status::already_exists(format!(
                "bucket {name} has the key `{key}` already at revision {current_revision}"
            )),
            Expect::Anything | Expect::Revision(_) => Status::aborted(format!(
                "bucket {name}: `{key}` has changed: its revision is {current_revision}; read it again and repeat"
            )),
        };
        status.with_detail(&RevisionConflict { current_revision, key: key.clone() })
    }
}

impl Expect {
    /// The revision to expect at first.
    fn revision(self) -> Option<u64> {
        match self {
            Self::Anything => None,
            Self::Absent => Some(0),
            Self::Revision(revision) => Some(revision),
        }
    }
}

/// A time as the server reads it, which counts in seconds.
fn whole_seconds(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    format!("{}s", seconds.max(1))
}
