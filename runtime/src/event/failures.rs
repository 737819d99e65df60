//! What events failed of, until they are done or given up.
//!
//! The last delivery of an event may get lost with a connection. Then nobody would say in its dead letter why it is
//! there, although the attempt before it knew.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::in_hand::Key;
use crate::status::Status;

/// Failures that are remembered. Beyond that the oldest event's goes: another instance may have done with it.
const MOST: usize = 1024;

/// What events failed of.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<BTreeMap<Key, Status>>);

impl Failures {
    /// Remembers what an event failed of last.
    pub(super) fn note(&self, key: Key, status: Status) {
        let mut all = self.lock();
        all.insert(key, status);
        if all.len() > MOST {
            all.pop_first();
        }
    }

    /// Forgets an event; tells what it failed of last, if it did.
    pub(super) fn forget(&self, key: Key) -> Option<Status> {
        self.lock().remove(&key)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Status>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn the_last_failure_of_the_latest_events_is_remembered() {
        let failures = Failures::default();
        let key = |sequence| (sequence, SystemTime::UNIX_EPOCH);
        failures.note(key(1), Status::internal("first"));
        failures.note(key(1), Status::internal("second"));
        assert_eq!(
            failures.forget(key(1)).map(|it| it.message().to_owned()).as_deref(),
            Some("second")
        );
        assert!(failures.forget(key(1)).is_none());
        let count = MOST as u64 + 1;
        (0..count).for_each(|sequence| failures.note(key(sequence), Status::internal("")));
        assert!(failures.forget(key(0)).is_none() && failures.forget(key(count - 1)).is_some());
    }
}
