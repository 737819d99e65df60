//! Rows that wait for their turn: those of one key one after the other, those of different keys side by side.
//!
//! A row that can't be published is set back and holds up those of its key alone. Each stream has turns of its own, so one that
//! takes long to say no holds up no other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::row::Row;

/// Rows that are published to one stream at once.
const TURNS: usize = 16;
/// Rows that are held as they were read. Of any others their place is held, and the bucket holds the rest.
const HELD_MAX: usize = 256;
/// Pause before what failed is tried again, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Rows that wait for their turn. It holds the ids and places of all that wait, and few of them whole: what bounds it is
/// how many wait in the bucket, not how long they are.
#[derive(Default)]
pub(super) struct Queue {
    /// By key, and then in the order in which they were written.
    waiting: BTreeMap<Place, Waiting>,
    /// The first row of every key, unless it has its turn now or is set back, by the stream that it goes to.
    ready: BTreeMap<Arc<str>, Ready>,
    /// Rows that are set back, until when.
    set_back: BTreeMap<(Instant, Place), Arc<str>>,
    held: usize,
}

/// A key, as a number, and the place of a row in the bucket's stream.
type Place = (u64, u64);

struct Waiting {
    id: Box<str>,
    stream: Arc<str>,
    row: Option<Arc<Row>>,
    attempts: u32,
}

#[derive(Default)]
struct Ready {
    rows: VecDeque<Place>,
    /// How many have their turn.
    turns: usize,
}

/// A row whose turn it is.
pub(super) struct Turn {
    place: Place,
    pub(super) id: Box<str>,
    pub(super) stream: Arc<str>,
    /// The row, unless it must be read again.
    pub(super) row: Option<Arc<Row>>,
    /// How often it has been tried.
    pub(super) attempts: u32,
}

impl Turn {
    /// Place of the row in the bucket's stream.
    pub(super) fn sequence(&self) -> u64 {
        self.place.1
    }
}

impl Queue {
    /// Adds a row, which was written behind all that were added.
    pub(super) fn push(&mut self, key: u64, row: Row) {
        let place = (key, row.sequence);
        let is_first = self.waiting.range((key, 0)..=place).next().is_none();
        let stream = self.stream(&row.stream);
        let id = row.id.as_str().into();
        let row = (self.held < HELD_MAX).then(|| Arc::new(row));
        self.held += usize::from(row.is_some());
        if is_first {
            self.make_ready(place, &stream);
        }
        self.waiting.insert(place, Waiting { id, stream, row, attempts: 0 });
    }

    /// The next row whose turn it is, if any. It is [done](Self::done) or [set back](Self::set_back) in the end.
    pub(super) fn next(&mut self, now: Instant) -> Option<Turn> {
        while let Some(entry) = self.set_back.first_entry().filter(|entry| entry.key().0 <= now) {
            let ((_, place), stream) = entry.remove_entry();
            self.make_ready(place, &stream);
        }
        let mut free = self.ready.values_mut().filter(|ready| ready.turns < TURNS);
        let (place, ready) = free.find_map(|it| Some((it.rows.pop_front()?, it)))?;
        let Waiting { id, stream, row, attempts } = self.waiting.get(&place)?;
        ready.turns += 1;
        let (id, stream) = (id.clone(), Arc::clone(stream));
        Some(Turn { place, id, stream, row: row.clone(), attempts: *attempts })
    }

    /// When somebody must look for the next row, though nothing else happens.
    pub(super) fn wakes(&self) -> Option<Instant> {
        self.set_back.first_key_value().map(|((until, _), _)| *until)
    }

    /// Ends the turn of a row that needn't wait any more: that of the next one of its key comes.
    pub(super) fn done(&mut self, turn: &Turn) {
        self.end(turn);
        let (key, sequence) = turn.place;
        let waited = self.waiting.remove(&turn.place);
        self.held -= usize::from(waited.is_some_and(|it| it.row.is_some()));
        let next = self.waiting.range((key, sequence)..=(key, u64::MAX)).next();
        if let Some((place, stream)) = next.map(|(place, it)| (*place, Arc::clone(&it.stream))) {
            self.make_ready(place, &stream);
        }
    }

    /// Ends the turn of a row, and gives it another one after a while.
    pub(super) fn set_back(&mut self, turn: &Turn, now: Instant) {
        self.end(turn);
        if let Some(waiting) = self.waiting.get_mut(&turn.place) {
            let longer = 2_u32.saturating_pow(waiting.attempts);
            waiting.attempts = waiting.attempts.saturating_add(1);
            let pause = PAUSE.0.saturating_mul(longer).min(PAUSE.1);
            self.set_back.insert((now + pause, turn.place), Arc::clone(&turn.stream));
        }
    }

    fn end(&mut self, turn: &Turn) {
        if let Some(ready) = self.ready.get_mut(&turn.stream) {
            ready.turns -= 1;
        }
    }

    fn make_ready(&mut self, place: Place, stream: &Arc<str>) {
        self.ready.entry(Arc::clone(stream)).or_default().rows.push_back(place);
    }

    /// The name of a stream, held once.
    fn stream(&self, name: &str) -> Arc<str> {
        self.ready.get_key_value(name).map_or_else(|| name.into(), |(name, _)| Arc::clone(name))
    }
}
