//! How often what is kept has been declared old.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::atomic::{AtomicU64, Ordering};

/// Places that what answers are about is spread over: two that share one are dropped together.
const PLACES: usize = 1024;

/// Counts the events about each of many things, in little room: an answer counts as long as the number is what it was
/// when the answer was asked for.
#[derive(Debug)]
pub(super) struct Epochs {
    all: AtomicU64,
    places: Box<[AtomicU64]>,
}

/// The number at one place and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) place: usize,
    number: u64,
}

impl Epochs {
    pub(super) fn new() -> Self {
        let places = (0..PLACES).map(|_| AtomicU64::new(0)).collect();
        Self { all: AtomicU64::new(0), places }
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.places.len()
    }

    /// The number of what an answer is about, now.
    pub(super) fn stamp(&self, about: &str) -> Stamp {
        let place = place(about);
        Stamp { place, number: self.number(place) }
    }

    /// Whether nothing has happened since.
    pub(super) fn is_current(&self, stamp: Stamp) -> bool {
        self.number(stamp.place) == stamp.number
    }

    /// Declares old what is about this.
    pub(super) fn end(&self, place: usize) {
        self.places[place].fetch_add(1, Ordering::SeqCst);
    }

    /// Declares everything old.
    pub(super) fn end_all(&self) {
        self.all.fetch_add(1, Ordering::SeqCst);
    }

    /// Both only grow, so that a sum comes once.
    fn number(&self, place: usize) -> u64 {
        self.all.load(Ordering::SeqCst) + self.places[place].load(Ordering::SeqCst)
    }
}

/// Where something is counted.
pub(super) fn place(about: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    about.hash(&mut hasher);
    usize::try_from(hasher.finish() % PLACES as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_ends_what_it_is_about_and_a_gap_everything() {
        let epochs = Epochs::new();
        let (one, other) = (epochs.stamp("world:1"), epochs.stamp("world:2"));
        assert_ne!(one.place, other.place);
        epochs.end(place("world:1"));
        assert!(!epochs.is_current(one));
        assert!(epochs.is_current(other));
        let one = epochs.stamp("world:1");
        epochs.end_all();
        assert!(!epochs.is_current(one) && !epochs.is_current(other));
    }
}
