//! What a bucket's values are found by.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::{Bucket, Record};
use crate::durable::Stored;
use crate::headers::Headers;
use crate::spec::{IndexSpec, Said};
use crate::status::Result;

/// On a value, the places of the indexes whose entries were written with it.
const INDEXED: &str = "Bb-Indexed";
/// Before the version among them, where it isn't the first. No place begins so.
const AS: char = '@';

/// An index, for a bucket of bytes.
#[derive(Clone)]
pub(crate) struct Index {
    pub(crate) name: &'static str,
    /// Name of what is said and how, under which its entries lie.
    pub(super) place: String,
    /// Whether two values can't say the same.
    pub(crate) is_unique: bool,
    pub(super) said: Arc<Reading>,
}

/// Everything that a value says.
type Reading = dyn Fn(&[u8]) -> BTreeSet<Said> + Send + Sync;

impl Index {
    /// Names an index and says what a value says, as one of its users does.
    pub(crate) fn new(
        name: &'static str,
        is_unique: bool,
        said: impl Fn(&[u8]) -> BTreeSet<Said> + Send + Sync + 'static,
    ) -> Self {
        Self { name, place: name.to_owned(), is_unique, said: Arc::new(said) }
    }

    /// The index that a schema declares.
    pub(crate) fn of(spec: &IndexSpec) -> Self {
        let spec = *spec;
        let IndexSpec { name, fields: _, is_unique } = spec;
        Self { place: spec.place(), ..Self::new(name, is_unique, move |value| spec.said(value)) }
    }

    /// What a value says; nothing when there is none.
    pub(super) fn said(&self, value: Option<&Bytes>) -> BTreeSet<Said> {
        value.map_or_else(BTreeSet::new, |value| (self.said)(value))
    }

    /// Whether a value says this.
    pub(crate) fn says(&self, record: &Record, said: &[String]) -> bool {
        self.said(record.value.as_ref()).contains(said)
    }
}

impl Bucket {
    /// Marks a value whose entries are written with it.
    pub(super) fn mark_indexed(&self, headers: &mut Headers) -> Result<()> {
        if self.indexes.is_empty() {
            return Ok(());
        }
        headers.insert(INDEXED, self.indexed_by().join(" "))
    }

    /// What a value is marked with: the places of all indexes, and of which version it is what they say.
    pub(super) fn indexed_by(&self) -> Vec<String> {
        let places = self.indexes.iter().map(|index| index.place.clone());
        self.indexed_as().into_iter().chain(places).collect()
    }

    /// Whether a value was written with the entries of all indexes, or is of a version in which nobody here can read it.
    pub(super) fn is_indexed(&self, stored: &Stored) -> bool {
        let marks = stored.headers.get(INDEXED).unwrap_or_default();
        let (versions, places): (BTreeSet<_>, BTreeSet<_>) =
            marks.split(' ').partition(|it| it.starts_with(AS));
        let is_as_now = versions.iter().map(|it| (*it).to_owned()).eq(self.indexed_as());
        let is_marked = || self.indexes.iter().all(|index| places.contains(&*index.place));
        self.is_newer(stored) || (is_as_now && is_marked())
    }

    /// Says of which version it is what values say: they may be stored in another, and say something else there.
    fn indexed_as(&self) -> Option<String> {
        let version = self.versions.spec.current;
        (version > 1).then(|| format!("{AS}{version}"))
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, place, is_unique, said: _ } = self;
        f.debug_struct("Index")
            .field("name", name)
            .field("place", place)
            .field("is_unique", is_unique)
            .finish_non_exhaustive()
    }
}
