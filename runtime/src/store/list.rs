//! The entries of a store in the order of their keys, a page at a time.

use futures::StreamExt;
use futures::stream::{self, BoxStream, TryStreamExt, try_unfold};
use prost::{Message, Name};

use super::{Entry, Store};
use crate::durable::{Bucket, Keys, Range};
use crate::status::Result;

/// Entries of a page unless somebody says otherwise.
const LIMIT: usize = 100;
/// Entries of a page at most, and names of keys that are kept at once.
const LIMIT_MAX: usize = 4096;
/// Values read at once.
const READS: usize = 32;

/// A question for entries in the order of their keys, byte by byte.
#[derive(Debug, Clone)]
#[must_use = "nothing is read before a page is asked for"]
pub struct List<T> {
    store: Store<T>,
    range: Range,
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
        List { store: self.clone(), range: Range { prefix, from, most: LIMIT } }
    }
}

impl<T: Message + Default + Name + 'static> List<T> {
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
        let Self { store, range } = self;
        let limit = range.most;
        let Keys { keys, next } = store.bucket.range(&Range { most: LIMIT_MAX, ..range }).await?;
        let mut entries = Vec::new();
        let mut reads = store.read_all(keys);
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
        let Self { store, range } = self;
        let bucket = store.bucket.clone();
        let first = Range { most: LIMIT_MAX, ..range };
        let pages = try_unfold(Some(first), move |range| turn(bucket.clone(), range));
        let entries = pages.map_ok(move |keys| store.read_all(keys)).try_flatten();
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

impl<T: Message + Default + Name> Store<T> {
    /// Reads the values of keys, in their order.
    fn read_all(&self, keys: Vec<String>) -> BoxStream<'static, Result<(String, Option<Entry<T>>)>>
    where
        T: 'static,
    {
        let store = self.clone();
        let reads = stream::iter(keys).map(move |key| {
            let store = store.clone();
            async move {
                let entry = store.get(&key).await?;
                Ok((key, entry))
            }
        });
        reads.buffered(READS).boxed()
    }
}
