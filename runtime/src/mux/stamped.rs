//! The reply subject of a slot, which tells when its request was sent.

use tokio::time::Instant;

use crate::base36;
use crate::clock::Clock;
use crate::subject::Subject;

/// Room for the slot, its generation and a stamp.
const BYTES: usize = 24;

/// A reply subject that is the same for as long as its stamp is true.
pub(super) struct Stamped {
    subject: Subject,
    /// How much of it is the slot's own.
    own_bytes: usize,
    /// When the stamp is no longer true; `None` while there is none.
    until: Option<Instant>,
    /// The name of the clock that it is by.
    clock: u32,
}

impl Stamped {
    pub(super) fn new(prefix: &str, index: usize, generation: u64) -> Self {
        let mut text = String::with_capacity(prefix.len() + BYTES);
        text.push_str(prefix);
        base36::write(index as u64, &mut text);
        text.push('-');
        base36::write(generation, &mut text);
        Self { own_bytes: text.len(), subject: Subject::checked(text), until: None, clock: 0 }
    }

    /// Stands where one was taken away.
    pub(super) const fn none() -> Self {
        Self { subject: Subject::literal("_"), own_bytes: 0, until: None, clock: 0 }
    }

    /// Has it tell the time.
    pub(super) fn refresh(&mut self, clock: &Clock, now: Instant) {
        if self.clock == clock.name() && self.until.is_some_and(|until| now < until) {
            return;
        }
        let (stamp, until) = clock.stamp(now);
        self.subject.rewrite(|text| {
            text.truncate(self.own_bytes);
            stamp.write(text);
        });
        (self.until, self.clock) = (Some(until), stamp.clock);
    }

    pub(super) fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The name of the clock that the stamp is by.
    pub(super) fn clock(&self) -> u32 {
        self.clock
    }
}
