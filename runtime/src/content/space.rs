//! How much an instance holds of what is too long for one message.

use std::sync::atomic::{AtomicUsize, Ordering};

/// So many of the greatest length there is space for.
pub(crate) const LONGEST_MAX: usize = 16;

/// Bytes that are held.
#[derive(Debug, Default)]
pub(crate) struct Space(AtomicUsize);

impl Space {
    /// Takes some, where each message has at most `most` bytes.
    ///
    /// # Errors
    /// How many bytes others hold, where that leaves too few.
    pub(crate) fn take(&self, bytes: usize, most: usize) -> Result<(), usize> {
        let held = self.0.fetch_add(bytes, Ordering::Relaxed);
        if held + bytes <= most.saturating_mul(LONGEST_MAX) {
            return Ok(());
        }
        self.give_back(bytes);
        Err(held)
    }

    /// Gives back what was taken.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    #[cfg(test)]
    pub(crate) fn held(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
