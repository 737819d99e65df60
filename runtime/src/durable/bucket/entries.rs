//! Entries by which values are found by what they say. They lie beneath names that are no keys, and change in one step with
//! the values, each of which is written with a compare-and-set for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::index::Index;
use super::{Bucket, Expect, Record, Write};
use crate::durable::{Append, IndexConflict};
use crate::headers::name;
use crate::spec::Said;
use crate::status::{Code, Result, Status};
use crate::subject;

/// Others may be faster so often before the caller hears of it.
pub(super) const ATTEMPTS_MAX: u32 = 16;
/// Pause after each time, at most; by chance anything from none.
const PAUSE: Duration = Duration::from_millis(50);
/// What is left of an entry that is removed needn't stay.
const TRACE: Duration = Duration::from_secs(1);

/// What a write makes of a key.
struct Change<'a> {
    write: &'a Write,
    old: Option<Record>,
    /// Whether the old value was written with a time of its own, and its entries with it.
    old_expires: bool,
    /// Whether it was written by one who keeps all indexes, so that it has its entries.
    is_indexed: bool,
}

impl Bucket {
    /// The same bucket with one more index.
    pub(crate) fn with_index(mut self, index: Index) -> Self {
        self.indexes = self.indexes.iter().cloned().chain([index]).collect();
        self
    }

    /// The keys of the values that say this.
    pub(crate) fn entries_of(&self, index: &Index, said: &[String]) -> Self {
        self.beneath(&format!("index.{}.{}", index.place, tokens(said)))
    }

    /// Who holds what only one value may say: the key is the value under the empty key.
    pub(super) fn holder_of(&self, index: &Index, said: &[String]) -> Self {
        self.beneath(&format!("unique.{}.{}", index.place, tokens(said)))
    }

    /// The one value that says this.
    pub(crate) async fn held(&self, index: &Index, said: &[String]) -> Result<Option<Record>> {
        let holder = self.holder_of(index, said).last("").await?;
        let Some(key) = holder.and_then(|record| held_by(&record)) else { return Ok(None) };
        Ok(self.get(&key).await?.filter(|record| index.says(record, said)))
    }

    /// Writes keys and the entries of every index in one step.
    ///
    /// # Errors
    /// As without an index, and `ALREADY_EXISTS` with an [`IndexConflict`] when another value says the same.
    pub(super) async fn write_indexed(
        &self,
        writes: &[Write],
        beside: &[Append],
    ) -> Result<Vec<u64>> {
        for _ in 0..ATTEMPTS_MAX {
            let mut appends = self.plan(writes).await?;
            appends.extend_from_slice(beside);
            match self.commit(writes, appends).await {
                Err(status) if status.code() == Code::Aborted => {
                    tokio::time::sleep(PAUSE.mul_f64(rand::random_range(0.0..1.0))).await;
                }
                ended => return ended,
            }
        }
        Err(Status::aborted(format!(
            "bucket {}: others changed the keys {ATTEMPTS_MAX} times meanwhile; try again later",
            self.name
        )))
    }

    /// The messages of a step: writes, each expecting what is there now, and behind them entries.
    pub(super) async fn plan(&self, writes: &[Write]) -> Result<Vec<Append>> {
        let (mut appends, mut changes) = (Vec::new(), Vec::new());
        for write in writes {
            let stored = self.durable.last(&self.stream, &self.subject(&write.key)).await?;
            let old_expires = stored.as_ref().is_some_and(|it| it.headers.get(name::TTL).is_some());
            let is_indexed = stored.as_ref().is_some_and(|it| self.is_indexed(it));
            let old = stored.map(|stored| self.record(&stored)).transpose()?;
            let current = old.as_ref().map_or(0, |record| record.revision);
            let is_there = old.as_ref().is_some_and(|record| record.value.is_some());
            let as_expected = match write.expect {
                Expect::Anything => true,
                Expect::Absent => !is_there,
                Expect::Revision(revision) => revision == current,
            };
            if !as_expected {
                return Err(self.conflict(write, current));
            }
            appends.push(self.append(write, Some(current))?);
            changes.push(Change { write, old, old_expires, is_indexed });
        }
        for index in &*self.indexes {
            let mut entries = BTreeMap::new();
            for change in &changes {
                self.leave(index, change, &mut entries).await?;
            }
            for change in &changes {
                self.enter(index, change, &changes, &mut entries).await?;
            }
            appends.extend(entries.into_values());
        }
        Ok(appends)
    }

    /// Removes the entries of what a value said and says no more.
    async fn leave(
        &self,
        index: &Index,
        change: &Change<'_>,
        entries: &mut BTreeMap<String, Append>,
    ) -> Result<()> {
        let key = &change.write.key;
        for said in change.said(index).difference(&change.says(index)) {
            let entry = if index.is_unique {
                let holder = self.holder_of(index, said);
                match holder.last("").await? {
                    Some(record) if held_by(&record).as_ref() == Some(key) => {
                        holder.append(&gone(""), Some(record.revision))?
                    }
                    _ => continue,
                }
            } else {
                self.entries_of(index, said).append(&gone(key), None)?
            };
            entries.insert(entry.subject.to_string(), entry);
        }
        Ok(())
    }

    /// Adds the entries of what a value says now, but for those that are there.
    async fn enter(
        &self,
        index: &Index,
        change: &Change<'_>,
        changes: &[Change<'_>],
        entries: &mut BTreeMap<String, Append>,
    ) -> Result<()> {
        let Write { key, expires_in, .. } = change.write;
        // An entry goes when its value does, so it is written again with one that has a time of its own.
        let ages = self.ttl.is_some() || change.old_expires || expires_in.is_some();
        let has = |said: &Said| !ages && change.is_indexed && change.said(index).contains(said);
        for said in change.says(index).into_iter().filter(|said| !has(said)) {
            let says_so = |other: &str| {
                let other = changes.iter().find(|it| it.write.key == other);
                other.map(|other| other.says(index).contains(&said))
            };
            let (place, write, expected) = self.entry(index, &said, key, says_so).await?;
            let entry = place.append(&Write { expires_in: *expires_in, ..write }, expected)?;
            let subject = entry.subject.to_string();
            let before = entries.insert(subject, entry);
            match before {
                // Two values of one step say the same.
                Some(before) if index.is_unique && !before.payload.is_empty() => {
                    let other = String::from_utf8_lossy(&before.payload).into_owned();
                    return Err(self.taken(index, other));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The entry of a key whose value says this: where it lies, and the revision to expect there, if any. `says_so` knows of
    /// keys that are being written whether they will say it.
    pub(super) async fn entry(
        &self,
        index: &Index,
        said: &[String],
        key: &str,
        says_so: impl Fn(&str) -> Option<bool>,
    ) -> Result<(Self, Write, Option<u64>)> {
        if !index.is_unique {
            let write = Write::put(key, bytes::Bytes::new());
            return Ok((self.entries_of(index, said), write, None));
        }
        let expected = self.may_hold(index, said, key, says_so).await?;
        let write = Write::put("", key.to_owned().into());
        Ok((self.holder_of(index, said), write, Some(expected)))
    }

    /// Whether a key may hold what only one value says, and the revision to expect.
    async fn may_hold(
        &self,
        index: &Index,
        said: &[String],
        key: &str,
        says_so: impl Fn(&str) -> Option<bool>,
    ) -> Result<u64> {
        let Some(record) = self.holder_of(index, said).last("").await? else { return Ok(0) };
        let Some(other) = held_by(&record).filter(|other| other != key) else {
            return Ok(record.revision);
        };
        let still = if let Some(still) = says_so(&other) {
            still
        } else {
            // A value that has expired, or was written by who knew no index, holds nothing.
            self.get(&other).await?.is_some_and(|record| index.says(&record, said))
        };
        if still { Err(self.taken(index, other)) } else { Ok(record.revision) }
    }

    fn taken(&self, index: &Index, key: String) -> Status {
        let index = index.name;
        let words = format!("bucket {}: `{key}` has the same {index} already", self.name);
        Status::already_exists(words).with_detail(&IndexConflict { index: index.to_owned(), key })
    }
}

impl Change<'_> {
    /// What the value said before.
    fn said(&self, index: &Index) -> BTreeSet<Said> {
        self.old.as_ref().map_or_else(BTreeSet::new, |record| index.said(record.value.as_ref()))
    }

    /// What it says then.
    fn says(&self, index: &Index) -> BTreeSet<Said> {
        index.said(self.write.value.as_ref())
    }
}

/// Removes an entry.
pub(super) fn gone(key: impl Into<String>) -> Write {
    Write { expires_in: Some(TRACE), ..Write::delete(key) }
}

/// The key that a record of a unique index names.
fn held_by(record: &Record) -> Option<String> {
    String::from_utf8(record.value.as_ref()?.to_vec()).ok()
}

/// What is said as tokens of a subject.
fn tokens(said: &[String]) -> String {
    let tokens: Vec<_> = said.iter().map(|part| subject::escape(part)).collect();
    tokens.join(".")
}
