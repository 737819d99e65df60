//! What came of a fault.

use std::time::Duration;

/// What came of a fault.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Operations begun.
    pub sent: usize,
    /// Operations that were told to have happened.
    pub acknowledged: usize,
    /// Operations refused for a reason of their own: somebody else was faster, or there was no room.
    pub refused: usize,
    /// Operations that were told not to have happened.
    pub failed: usize,
    /// Operations of which nobody could tell.
    pub unknown: usize,
    /// Operations acknowledged whose effect isn't there.
    pub lost: usize,
    /// Operations whose effect is there twice.
    pub duplicated: usize,
    /// The longest time until operations succeeded again: from the end of the fault, or from its beginning where it
    /// stays.
    pub recovery: Option<Duration>,
    /// Broken promises, beside losses and duplicates.
    pub broken: Vec<String>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
}

impl Outcome {
    /// Whether every promise was kept.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.lost == 0 && self.duplicated == 0 && self.broken.is_empty() && self.acknowledged > 0
    }

    /// Notes how long one recovery took; the longest counts.
    pub fn recovered(&mut self, time: Duration) {
        self.recovery = self.recovery.max(Some(time));
    }

    /// Notes a promise that must hold.
    pub fn must(&mut self, holds: bool, otherwise: impl Into<String>) {
        if !holds {
            self.broken.push(otherwise.into());
        }
    }

    /// Notes something worth knowing.
    pub fn note(&mut self, words: impl Into<String>) {
        self.notes.push(words.into());
    }
}
