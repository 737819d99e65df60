//! What goes wrong on a bus, for which messages, how often.

use std::time::Duration;

use super::random::Random;
use crate::subject::Filter;

/// Something that goes wrong with some of the messages published to a filter.
///
/// ```
/// # use std::time::Duration;
/// # use bodybroker_runtime::{bus::Fault, subject::Filter};
/// let third = Fault::drop(Filter::literal("svc.>")).nth(3);
/// let slow = Fault::delay(Filter::literal(">"), Duration::from_millis(20)).per_mille(100);
/// ```
#[derive(Debug, Clone)]
pub struct Fault {
    filter: Filter,
    effect: Effect,
    when: When,
}

/// Names a fault that was injected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultId(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    Drop,
    Duplicate,
    Delay(Duration),
    Reorder,
    Disconnect(Duration),
}

#[derive(Debug, Clone, Copy)]
enum When {
    Always,
    Nth(u64),
    Every(u64),
    PerMille(u16),
}

impl Fault {
    /// Messages are lost.
    #[must_use]
    pub fn drop(filter: Filter) -> Self {
        Self::new(filter, Effect::Drop)
    }

    /// Messages arrive twice.
    #[must_use]
    pub fn duplicate(filter: Filter) -> Self {
        Self::new(filter, Effect::Duplicate)
    }

    /// Messages arrive later, and behind those published meanwhile.
    #[must_use]
    pub fn delay(filter: Filter, by: Duration) -> Self {
        Self::new(filter, Effect::Delay(by))
    }

    /// A message changes places with the next one to the filter; without a next one, it arrives a little later.
    #[must_use]
    pub fn reorder(filter: Filter) -> Self {
        Self::new(filter, Effect::Reorder)
    }

    /// The publisher's connection breaks instead of publishing, and is back after a while.
    #[must_use]
    pub fn disconnect(filter: Filter, down: Duration) -> Self {
        Self::new(filter, Effect::Disconnect(down))
    }

    /// Hits only the nth message to the filter, counted from 1.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.when = When::Nth(n);
        self
    }

    /// Hits each nth message to the filter.
    #[must_use]
    pub fn every(mut self, n: u64) -> Self {
        self.when = When::Every(n.max(1));
        self
    }

    /// Hits so many messages of a thousand, chosen by the bus's seed.
    #[must_use]
    pub fn per_mille(mut self, rate: u16) -> Self {
        self.when = When::PerMille(rate);
        self
    }

    fn new(filter: Filter, effect: Effect) -> Self {
        Self { filter, effect, when: When::Always }
    }
}

#[derive(Default)]
pub(super) struct Faults {
    list: Vec<Armed>,
    next: u64,
}

struct Armed {
    id: FaultId,
    fault: Fault,
    seen: u64,
    hits: u64,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) -> FaultId {
        self.next += 1;
        let id = FaultId(self.next);
        self.list.push(Armed { id, fault, seen: 0, hits: 0 });
        id
    }

    pub(super) fn remove(&mut self, id: FaultId) -> u64 {
        let hits = self.hits(id);
        self.list.retain(|armed| armed.id != id);
        hits
    }

    pub(super) fn hits(&self, id: FaultId) -> u64 {
        self.list.iter().find(|armed| armed.id == id).map_or(0, |armed| armed.hits)
    }

    /// The fault that hits a message, if any. Every fault counts every message to its filter.
    pub(super) fn strike(
        &mut self,
        subject: &str,
        random: &mut Random,
    ) -> Option<(FaultId, Effect)> {
        let mut struck = None;
        for armed in self.list.iter_mut().filter(|armed| armed.fault.filter.matches(subject)) {
            armed.seen += 1;
            let hit = match armed.fault.when {
                When::Always => true,
                When::Nth(n) => armed.seen == n,
                When::Every(n) => armed.seen.is_multiple_of(n),
                When::PerMille(rate) => random.happens(rate),
            };
            if hit && struck.is_none() {
                armed.hits += 1;
                struck = Some((armed.id, armed.fault.effect));
            }
        }
        struck
    }

    pub(super) fn filter(&self, id: FaultId) -> Option<&Filter> {
        self.list.iter().find(|armed| armed.id == id).map(|armed| &armed.fault.filter)
    }
}
