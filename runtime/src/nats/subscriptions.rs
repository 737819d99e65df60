//! Who gets what arrives.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::writer::{Fence, Word, Writer};
use crate::subject::Filter;
use crate::transport::{Sink, SubscriptionId};

/// The subscriptions of a connection, by their number on the wire. Numbers are never used again.
#[derive(Default)]
pub(super) struct Subscriptions {
    table: Mutex<Table>,
    /// Changes with the table, so that the reader knows when its copy is old.
    version: AtomicU64,
}

#[derive(Default)]
struct Table {
    last: u64,
    entries: BTreeMap<u64, Entry>,
    /// Whether messages may come twice for now.
    twice: bool,
}

/// A subscription.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) sink: Arc<dyn Sink>,
    filter: Filter,
    queue_group: Option<Arc<str>>,
    /// Set when it must not come back with the connection.
    ending: Arc<AtomicBool>,
}

impl Subscriptions {
    /// Adds one, and tells the server if it is there.
    pub(super) fn add(
        &self,
        writer: &Writer,
        filter: &Filter,
        queue_group: Option<&str>,
        sink: Arc<dyn Sink>,
    ) -> SubscriptionId {
        let mut table = self.lock();
        table.last += 1;
        let id = table.last;
        let entry = Entry {
            sink,
            filter: filter.clone(),
            queue_group: queue_group.map(Arc::from),
            ending: Arc::default(),
        };
        if table.twice {
            entry.sink.twice(true);
        }
        table.entries.insert(id, entry);
        self.version.fetch_add(1, Ordering::Release);
        // Under the table's lock, so that a connection that comes up meanwhile announces it exactly once.
        writer.subscribe(filter.as_str(), queue_group, id);
        SubscriptionId(id)
    }

    /// Asks the server to end one. It stays here until the fence has passed: everything routed before comes through.
    pub(super) fn end(&self, writer: &Writer, id: SubscriptionId) -> Fence {
        let table = self.lock();
        if let Some(entry) = table.entries.get(&id.0) {
            entry.ending.store(true, Ordering::Release);
        }
        writer.unsubscribe(id.0)
    }

    /// Forgets one.
    pub(super) fn remove(&self, id: SubscriptionId) {
        let removed = self.lock().entries.remove(&id.0);
        self.version.fetch_add(1, Ordering::Release);
        drop(removed);
    }

    /// Forgets all.
    pub(super) fn clear(&self) {
        let removed = std::mem::take(&mut self.lock().entries);
        self.version.fetch_add(1, Ordering::Release);
        drop(removed);
    }

    /// Opens the writer for a new connection with the announcement of every subscription; tells which they are.
    pub(super) fn announce(
        &self,
        open: impl FnOnce(&mut dyn Iterator<Item = Word<'_>>),
    ) -> BTreeSet<u64> {
        let table = self.lock();
        let lasting = || table.entries.iter().filter(|(_, entry)| !entry.is_ending());
        open(&mut lasting().map(|(id, entry)| entry.subscribe(*id)));
        lasting().map(|(id, _)| *id).collect()
    }

    /// Lets the connection beside take over, to which some subscriptions have been announced: what has changed since
    /// is made up for. Tells what the last connection has of subscriptions. `None`: try again.
    pub(super) fn swap(
        &self,
        writer: &Writer,
        announced: &BTreeSet<u64>,
    ) -> Option<(Vec<u64>, Fence)> {
        let table = self.lock();
        let fence = writer.swap(table.since(announced))?;
        Some((table.entries.keys().copied().collect(), fence))
    }

    /// Lets the connection beside take over from one that has ended.
    pub(super) fn replace(&self, writer: &Writer, announced: &BTreeSet<u64>) {
        let table = self.lock();
        writer.replace(table.since(announced));
    }

    /// Tells every sink whether messages may come twice.
    pub(super) fn twice(&self, twice: bool) {
        let mut table = self.lock();
        table.twice = twice;
        for entry in table.entries.values() {
            entry.sink.twice(twice);
        }
    }

    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// A copy of the table.
    pub(super) fn entries(&self) -> Vec<(u64, Entry)> {
        self.lock().entries.iter().map(|(id, entry)| (*id, entry.clone())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// What has changed since some subscriptions were announced.
    fn since<'a>(&'a self, announced: &'a BTreeSet<u64>) -> impl Iterator<Item = Word<'a>> {
        let lasts = |id: &u64| self.entries.get(id).is_some_and(|entry| !entry.is_ending());
        let ended = announced.iter().filter(move |id| !lasts(id)).map(|id| Word::Unsubscribe(*id));
        let begun = self.entries.iter().filter(|(id, _)| !announced.contains(id));
        ended.chain(
            begun.filter(|(_, entry)| !entry.is_ending()).map(|(id, entry)| entry.subscribe(*id)),
        )
    }
}

impl Entry {
    fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Acquire)
    }

    fn subscribe(&self, id: u64) -> Word<'_> {
        let queue_group = self.queue_group.as_deref();
        Word::Subscribe { filter: self.filter.as_str(), queue_group, id }
    }
}
