//! What a bucket's values are found by.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::Record;
use crate::durable::Stored;
use crate::headers::Headers;
use crate::spec::{IndexSpec, Said};
use crate::status::Result;

/// On a value, the places of the indexes whose entries were written with it.
const INDEXED: &str = "Bb-Indexed";

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

/// Marks a value whose entries are written with it.
pub(super) fn mark(headers: &mut Headers, indexes: &[Index]) -> Result<()> {
    let places: Vec<_> = indexes.iter().map(|index| &*index.place).collect();
    if places.is_empty() { Ok(()) } else { headers.insert(INDEXED, places.join(" ")) }
}

/// Whether a value was written with the entries of all these indexes.
pub(super) fn is_marked(stored: &Stored, indexes: &[Index]) -> bool {
    let places: BTreeSet<_> = stored.headers.get(INDEXED).unwrap_or_default().split(' ').collect();
    indexes.iter().all(|index| places.contains(&*index.place))
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
