//! The entries of a store in the order of their keys, a page at a time.

use std::fmt;
use std::sync::Arc;

use futures::stream::{self, BoxStream, TryStreamExt, try_unfold};
use futures::{StreamExt, TryFutureExt};
use prost::{Message, Name};

use super::{Entry, Store};
use crate::durable::{Bucket, Index, Keys, Range, Record};
use crate::status::Result;

/// Entries of a page unless somebody says otherwise.
const LIMIT: usize = 100;
/// Entries of a page at most, and names of keys that are kept at once.
const LIMIT_MAX: usize = 4096;
/// Values read at once.
const READS: usize = 32;

/// A question for entries in the order of their keys, byte by byte.
#[derive(Clone)]
#[must_use = "nothing is read before a page is asked for"]
pub struct List<T> {
    store: Store<T>,
    range: Range,
    only: Option<Arc<Only>>,
}

/// Which of the entries are wanted: those that say something.
struct Only {
    /// What has the names of their keys.
    keys: Bucket,
    index: Index,
    said: Vec<String>,
}

/// Some entries of a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The entries in the order of their keys.
    pub entries: Vec<Entry<T>>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
}

impl<T: Message + Default + Name> Store<T> {
    /// Asks for entries in the order of their keys. A page costs the server a look at the name of every key, and its
    /// reader the memory of the page.
    pub fn list(&self) -> List<T> {
        let (prefix, from) = <(String, String)>::default();
        List { store: self.clone(), range: Range { prefix, from, most: LIMIT }, only: None }
    }
}

impl<T: Message + Default + Name + 'static> List<T> {
    /// Leaves out what has no name in a bucket of keys, or says something else by now.
    pub(super) fn only(mut self, keys: Bucket, index: Index, said: Vec<String>) -> Self {
        self.only = Some(Arc::new(Only { keys, index, said }));
        self
    }

    /// Leaves out keys that don't begin with this.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.range.prefix = prefix.into();
        self
    }

    /// Leaves out keys before this: where the page before said that the next one begins.
    pub fn from(mut self, key: impl Into<String>) -> Self {
        self.range.from = key.into();
        self
    }

    /// Entries of a page, 1 to 4096. Default: 100. Before the last, a page has fewer only where thousands of deleted
    /// keys lie between.
    pub fn limit(mut self, limit: usize) -> Self {
        self.range.most = limit.clamp(1, LIMIT_MAX);
        self
    }

    /// Reads a page. An entry that is there from the first page to the last is in exactly one of them, with a value that it had
    /// while that page was read; one that comes or goes meanwhile may be in one or in none.
    ///
    /// # Errors
    /// `DATA_LOSS` when stored bytes aren't a `T`.
    pub async fn page(self) -> Result<Page<T>> {
        self.ready().await?;
        let limit = self.range.most;
        let range = Range { most: LIMIT_MAX, ..self.range.clone() };
        let Keys { keys, next } = self.names().range(&range).await?;
        let mut entries = Vec::new();
        let mut reads = self.read_all(keys);
        while let Some((key, entry)) = reads.try_next().await? {
            if entries.len() == limit {
                return Ok(Page { entries, next: Some(key) });
            }
            entries.extend(entry);
        }
        Ok(Page { entries, next })
    }

    /// Reads everything, with at most 4096 names of keys and 32 values in memory. What is promised of pages holds here,
    /// too. An error ends it.
    #[must_use]
    pub fn entries(self) -> BoxStream<'static, Result<Entry<T>>> {
        let ready = async move { self.ready().await.map(|()| self) };
        let entries = ready.map_ok(|list| {
            let names = list.names().clone();
            let first = Range { most: LIMIT_MAX, ..list.range.clone() };
            let pages = try_unfold(Some(first), move |range| turn(names.clone(), range));
            pages.map_ok(move |keys| list.read_all(keys)).try_flatten()
        });
        let entries = entries.try_flatten_stream();
        entries.try_filter_map(|(_, entry)| async move { Ok(entry) }).boxed()
    }
}

/// Reads a page of keys, and tells the range of the next.
async fn turn(
    bucket: Bucket,
    range: Option<Range>,
) -> Result<Option<(Vec<String>, Option<Range>)>> {
    let Some(range) = range else { return Ok(None) };
    let Keys { keys, next } = bucket.range(&range).await?;
    Ok(Some((keys, next.map(|from| Range { from, ..range }))))
}

impl<T: Message + Default + Name + 'static> List<T> {
    /// Waits until what is asked for by more than the key has its entries.
    async fn ready(&self) -> Result<()> {
        if self.only.is_some() { self.store.indexed().await } else { Ok(()) }
    }

    /// What has the names of keys.
    fn names(&self) -> &Bucket {
        self.only.as_ref().map_or(&self.store.bucket, |only| &only.keys)
    }

    /// Reads the values of keys, in their order, but for those that aren't wanted.
    fn read_all(
        &self,
        keys: Vec<String>,
    ) -> BoxStream<'static, Result<(String, Option<Entry<T>>)>> {
        let (store, only) = (self.store.clone(), self.only.clone());
        let reads = stream::iter(keys).map(move |key| {
            let (store, only) = (store.clone(), only.clone());
            async move {
                let record = store.bucket.get(&key).await?;
                let is_wanted =
                    |it: &Record| only.is_none_or(|only| only.index.says(it, &only.said));
                let entry = record.filter(is_wanted).map_or(Ok(None), |it| store.entry(it))?;
                Ok((key, entry))
            }
        });
        reads.buffered(READS).boxed()
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, range, only } = self;
        let only = only.as_ref().map(|only| &only.keys);
        f.debug_struct("List")
            .field("store", store)
            .field("range", range)
            .field("only", &only)
            .finish()
    }
}
