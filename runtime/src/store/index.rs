//! Finding values by what they say.

use std::fmt;

use prost::{Message, Name};

use super::list::List;
use super::{Entry, Store, follow};
use crate::connection::Connection;
use crate::durable::Index as Indexed;
use crate::spec::IndexSpec;
use crate::status::Result;

/// By what values of a store are found: any number of them may say the same.
///
/// ```
/// # use bodybroker_runtime::store::Index;
/// # struct Region { world_id: String }
/// const BY_WORLD: Index<Region> = Index::new("world", |region| vec![region.world_id.clone()]);
/// ```
pub struct Index<T> {
    name: &'static str,
    parts: fn(&T) -> Vec<String>,
}

/// What one value of a store at most may say.
pub struct Unique<T>(Index<T>);

impl<T> Index<T> {
    /// Names what is to be found, in letters, digits, '-' and '_', and says where a value has it: in one or more parts, all of
    /// which are asked for, or in none where a value isn't to be found. What it says is part of the name: who changes that
    /// gives another.
    #[must_use]
    pub const fn new(name: &'static str, parts: fn(&T) -> Vec<String>) -> Self {
        Self { name, parts }
    }

    fn erased(&self, is_unique: bool) -> Indexed
    where
        T: Message + Default + 'static,
    {
        let Self { name, parts } = *self;
        let of = move |bytes: &[u8]| T::decode(bytes).map_or_else(|_| Vec::new(), |it| parts(&it));
        let said = move |bytes: &[u8]| Some(of(bytes)).filter(|it| !it.is_empty());
        Indexed::new(name, is_unique, move |bytes| said(bytes).into_iter().collect())
    }
}

impl<T> Unique<T> {
    /// Names what only one value may say, as [`Index::new`] does. Values that say nothing are as many as they like.
    #[must_use]
    pub const fn new(name: &'static str, parts: fn(&T) -> Vec<String>) -> Self {
        Self(Index::new(name, parts))
    }
}

impl<T: Message + Default + Name + 'static> Store<T> {
    /// Keeps an index from now on: every write changes value and entries in one step. Where there are values already, or
    /// somebody writes without it, look values up in a store [`with_lookups`](Self::with_lookups).
    #[must_use]
    pub fn with_index(mut self, index: &Index<T>) -> Self {
        self.bucket = self.bucket.with_index(index.erased(false));
        self
    }

    /// The same for what one value at most may say: a write that would be the second fails with `ALREADY_EXISTS` and an
    /// [`IndexConflict`](crate::durable::IndexConflict), and nothing is written.
    #[must_use]
    pub fn with_unique(mut self, index: &Unique<T>) -> Self {
        self.bucket = self.bucket.with_index(index.0.erased(true));
        self
    }

    /// Sees to it that values are found by the indexes that the bucket has so far, whoever wrote them: those of before, and those
    /// of an older release while it runs, whose values are found a moment after they are written. Lookups wait for what isn't
    /// indexed yet, for up to 5 s, and are `UNAVAILABLE` then. Who looks nothing up needn't. Nobody waits for it here.
    #[must_use]
    pub fn with_lookups(mut self, connection: &Connection) -> Self {
        self.indexed = Some(follow::follow(connection, &self.bucket));
        self
    }

    /// Asks for the entries that say this, in the order of their keys. What [`List`] promises holds for them: one that
    /// says it throughout is in exactly one page. A page costs the server a look at the keys that say it, and at no others.
    pub fn by<P: Into<String>>(
        &self,
        index: &Index<T>,
        parts: impl IntoIterator<Item = P>,
    ) -> List<T> {
        self.saying(index.erased(false), parts.into_iter().map(Into::into).collect())
    }

    /// The same by an index of the schema. Generated lookups call it.
    pub fn by_declared(&self, index: &IndexSpec, says: impl Into<Vec<String>>) -> List<T> {
        self.saying(Indexed::of(index), says.into())
    }

    /// Reads the one entry that says this.
    ///
    /// # Errors
    /// `DATA_LOSS` when the stored bytes aren't a `T`.
    pub async fn find<P: Into<String>>(
        &self,
        index: &Unique<T>,
        parts: impl IntoIterator<Item = P>,
    ) -> Result<Option<Entry<T>>> {
        let parts: Vec<_> = parts.into_iter().map(Into::into).collect();
        self.held(&index.0.erased(true), &parts).await
    }

    /// The same by an index of the schema. Generated lookups call it.
    ///
    /// # Errors
    /// As [`Store::find`].
    pub async fn find_declared(
        &self,
        index: &IndexSpec,
        says: impl Into<Vec<String>>,
    ) -> Result<Option<Entry<T>>> {
        self.held(&Indexed::of(index), &says.into()).await
    }

    /// Waits until values have their entries.
    pub(super) async fn indexed(&self) -> Result<()> {
        match &self.indexed {
            Some(indexed) => indexed.wait(self.bucket.name()).await,
            None => Ok(()),
        }
    }

    fn saying(&self, index: Indexed, said: Vec<String>) -> List<T> {
        let entries = self.bucket.entries_of(&index, &said);
        self.list().only(entries, index, said)
    }

    async fn held(&self, index: &Indexed, said: &[String]) -> Result<Option<Entry<T>>> {
        self.indexed().await?;
        self.bucket.held(index, said).await?.map_or(Ok(None), |record| self.entry(record))
    }

    /// Writes the entries of values that were written before the store had its indexes, and tells how many keys it has
    /// looked at. It may be interrupted and repeated, and others may write meanwhile. It reads every value.
    ///
    /// # Errors
    /// `ALREADY_EXISTS` with an [`IndexConflict`](crate::durable::IndexConflict) when two values say what one at most may;
    /// all the others have their entries then.
    pub async fn reindex(&self) -> Result<u64> {
        self.bucket.reindex().await
    }
}

impl<T> fmt::Debug for Index<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, parts: _ } = self;
        f.debug_struct("Index").field("name", name).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Unique<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Unique").field(&self.0).finish()
    }
}
