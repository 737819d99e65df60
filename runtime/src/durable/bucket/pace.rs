//! Keeps writers of a bucket from outrunning the stream that takes its writes over as events.
//!
//! A bucket keeps a bounded number of revisions of a key, and the server takes writes over a moment after they are
//! acknowledged: usually a millisecond, a tenth of a second after a restart. A revision that is overwritten often enough
//! within that moment would never become an event. So a process has only a few writes of a key that aren't known to be
//! events: the next one waits before it is sent, and never is when waiting doesn't help.

use std::collections::BTreeMap;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, Notify, OnceCell};
use tokio::time::Instant;

use super::Write;
use crate::durable::TakenOver;

/// Writes of a key that a process leaves unconfirmed. A bucket of events keeps eight times as many revisions
/// (`EVENT_BACKLOG`), so as many processes may write one key at once.
const UNCONFIRMED_MAX: usize = 8;
/// Keys share slots.
const SLOTS: usize = 256;

/// What a bucket's writers share.
pub(super) struct Pace {
    slots: Vec<Slot>,
    /// The stream that takes the writes over, once it was asked for.
    pub(super) taken_over: OnceCell<Option<TakenOver>>,
}

/// Places for writes.
#[derive(Default)]
pub(super) struct Slot {
    writes: Mutex<Writes>,
    /// Held by the one who looks at the stream for all who wait.
    pub(super) looking: AsyncMutex<()>,
    /// Tells that one that a write has ended.
    pub(super) ended: Notify,
}

#[derive(Default)]
struct Writes {
    under_way: usize,
    /// Those that have ended and aren't known to be events.
    noted: Vec<Noted>,
}

/// A write that has ended.
#[derive(Clone, PartialEq)]
pub(super) struct Noted {
    pub(super) key: String,
    /// `None` when nobody knows whether it happened.
    pub(super) revision: Option<u64>,
    pub(super) at: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        let slots = (0..SLOTS).map(|_| Slot::default()).collect();
        Self { slots, taken_over: OnceCell::new() }
    }

    /// Makes a pace for what never becomes an event.
    pub(super) fn none() -> Self {
        Self { slots: Vec::new(), taken_over: OnceCell::new_with(Some(None)) }
    }

    /// Whether the writes are known to become no events.
    pub(super) fn is_free(&self) -> bool {
        matches!(self.taken_over.get(), Some(None))
    }

    pub(super) fn slot(&self, number: usize) -> &Slot {
        &self.slots[number]
    }

    /// Takes a place for a write, if there is one.
    pub(super) fn take(self: &Arc<Self>, slot: usize, key: &str) -> Option<Place> {
        let mut writes = self.slots[slot].writes();
        if writes.unconfirmed() >= UNCONFIRMED_MAX {
            return None;
        }
        writes.under_way += 1;
        Some(Place { pace: Arc::clone(self), slot, key: key.to_owned(), end: End::Unknown })
    }
}

impl Slot {
    /// Whether the next write has to wait.
    pub(super) fn is_full(&self) -> bool {
        self.writes().unconfirmed() >= UNCONFIRMED_MAX
    }

    /// Whether it has to wait for events, rather than for other writes to end.
    pub(super) fn is_full_of_noted(&self) -> bool {
        self.writes().noted.len() >= UNCONFIRMED_MAX
    }

    /// The last write that has ended.
    pub(super) fn newest(&self) -> Option<Noted> {
        self.writes().noted.iter().max_by_key(|noted| noted.revision).cloned()
    }

    /// Lets go of a write, and of all up to a revision: writes become events in order.
    pub(super) fn confirm(&self, noted: &Noted, through: u64) {
        let is_later = |it: &Noted| it.revision.is_none_or(|revision| revision > through);
        self.writes().noted.retain(|it| it != noted && is_later(it));
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writes {
    fn unconfirmed(&self) -> usize {
        self.under_way + self.noted.len()
    }
}

/// The places of a step, by their slots. A key is in a step once, so that all of one slot count as one write.
#[derive(Default)]
pub(super) struct Places(pub(super) BTreeMap<usize, Place>);

impl Places {
    /// The slots that a step needs, each with one of its keys.
    pub(super) fn needed(writes: &[Write]) -> BTreeMap<usize, &str> {
        writes.iter().map(|write| (slot(&write.key), write.key.as_str())).collect()
    }

    /// Notes the revisions of what has been written.
    pub(super) fn wrote(&mut self, writes: &[Write], revisions: &[u64]) {
        for (write, revision) in writes.iter().zip(revisions) {
            if let Some(place) = self.0.get_mut(&slot(&write.key)) {
                place.key.clone_from(&write.key);
                place.end = End::At(*revision);
            }
        }
    }

    /// Notes that nothing has been written.
    pub(super) fn wrote_nothing(&mut self) {
        self.0.values_mut().for_each(|place| place.end = End::Never);
    }
}

/// A place for a write that is under way. One that is given up may have happened.
pub(super) struct Place {
    pace: Arc<Pace>,
    slot: usize,
    key: String,
    end: End,
}

enum End {
    Unknown,
    Never,
    At(u64),
}

impl Drop for Place {
    fn drop(&mut self) {
        let slot = &self.pace.slots[self.slot];
        let key = std::mem::take(&mut self.key);
        let noted = |revision| Noted { key, revision, at: Instant::now() };
        let noted = match self.end {
            End::Never => None,
            End::Unknown => Some(noted(None)),
            End::At(revision) => Some(noted(Some(revision))),
        };
        let mut writes = slot.writes();
        writes.under_way -= 1;
        writes.noted.extend(noted);
        drop(writes);
        slot.ended.notify_one();
    }
}

fn slot(key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default()
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_place_is_free_again_once_its_write_is_an_event_or_never_happened() {
        let pace = Arc::new(Pace::new());
        let write = [Write::put("hot", Bytes::new())];
        let number = slot("hot");
        let take = || pace.take(number, "hot").map(|place| Places([(number, place)].into()));
        for revision in 1..=8 {
            take().unwrap().wrote(&write, &[revision]);
        }
        assert!(take().is_none());
        let last = pace.slot(number).newest().unwrap();
        assert_eq!(last.revision, Some(8));
        pace.slot(number).confirm(&last, 6);
        // The seventh isn't known to be an event.
        let seven: Vec<_> = std::iter::from_fn(take).collect();
        assert_eq!(seven.len(), 7);
        for mut places in seven {
            places.wrote_nothing();
        }
        // Nobody knows what became of it.
        drop(take().unwrap());
        assert_eq!(std::iter::from_fn(take).collect::<Vec<_>>().len(), 6);
    }
}
