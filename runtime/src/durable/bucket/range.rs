//! The keys of a bucket in their order, a page at a time.

use std::collections::BTreeSet;

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::Bucket;
use crate::status::Result;
use crate::subject::{self, Subject};

/// Records read at once.
const READS: usize = 32;

/// Some of the keys of a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Keys that begin with this.
    pub prefix: String,
    /// Keys that aren't less than this, byte by byte.
    pub from: String,
    /// How many at most, and one at least.
    pub most: usize,
}

/// Keys in their order, byte by byte. Some may be deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Keys {
    /// The keys.
    pub keys: Vec<String>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
}

/// A subject that stands for a key.
pub(super) struct Name {
    pub(super) subject: Subject,
    /// The key; `None` where the subject has only its hash.
    pub(super) key: Option<String>,
}

impl Bucket {
    /// Reads a page of keys. The server names every key of the bucket, without values, and only the page is kept: a key
    /// that is there from the first page to the last is in exactly one of them.
    pub async fn range(&self, range: &Range) -> Result<Keys> {
        let mut page = Page::new(range);
        let keys = self.names().await?.map_ok(|Name { subject, key }| async move {
            match key {
                Some(key) => Ok(Some(key)),
                None => Ok(self.read(&subject).await?.map(|record| record.key)),
            }
        });
        let mut keys = keys.try_buffered(READS);
        while let Some(key) = keys.try_next().await? {
            if let Some(key) = key {
                page.see(key);
            }
        }
        Ok(page.finish())
    }

    /// Names every key that has a record, be it that of a deletion.
    pub(super) async fn names(&self) -> Result<BoxStream<'static, Result<Name>>> {
        let names = self.durable.subjects(&self.stream, &self.all()).await?;
        let bucket = self.clone();
        let name = move |subject: String| {
            let key = subject::unescape(bucket.token(&subject));
            Ok(Name { subject: Subject::parse(&subject)?, key })
        };
        Ok(names.map_ok(move |some| stream::iter(some).map(name.clone())).try_flatten().boxed())
    }
}

/// The smallest keys seen so far.
struct Page<'a> {
    range: &'a Range,
    keys: BTreeSet<String>,
    /// The smallest key that there was no room for.
    next: Option<String>,
}

impl<'a> Page<'a> {
    fn new(range: &'a Range) -> Self {
        Self { range, keys: BTreeSet::new(), next: None }
    }

    fn see(&mut self, key: String) {
        let Range { prefix, from, most } = self.range;
        let is_late = self.next.as_ref().is_some_and(|next| key >= *next);
        if is_late || key < *from || !key.starts_with(prefix) {
            return;
        }
        self.keys.insert(key);
        if self.keys.len() > (*most).max(1) {
            self.next = self.keys.pop_last();
        }
    }

    fn finish(self) -> Keys {
        Keys { keys: self.keys.into_iter().collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(prefix: &str, from: &str, most: usize) -> (String, Option<String>) {
        let range = Range { prefix: prefix.to_owned(), from: from.to_owned(), most };
        let mut page = Page::new(&range);
        for key in ["d", "a", "c", "ab", "b"] {
            page.see(key.to_owned());
        }
        let Keys { keys, next } = page.finish();
        (keys.join(" "), next)
    }

    #[test]
    fn the_smallest_keys_are_kept_and_the_next_begins_the_next_page() {
        let some = |key: &str| Some(key.to_owned());
        assert_eq!(page("", "", 2), ("a ab".to_owned(), some("b")));
        assert_eq!(page("", "b", 2), ("b c".to_owned(), some("d")));
        assert_eq!(page("", "c", 2), ("c d".to_owned(), None));
        assert_eq!(page("a", "", 1), ("a".to_owned(), some("ab")));
        assert_eq!(page("x", "", 0), (String::new(), None));
    }
}
