//! The events that an instance has in its hands.
//!
//! A server that crashes may have forgotten that it delivered an event, and a beat that is lost lets it believe that
//! nobody works on one: both deliver it again to an instance that still handles it. The second delivery then waits
//! for what the first decides instead of running the handler beside itself.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;

use crate::durable::{Settlement, Stored};

/// What each event in hand was decided to become, once it was.
type Decision = watch::Receiver<Option<Settlement>>;

/// Sequence and time: a stream that was made anew has other events under the same sequences.
type Key = (u64, SystemTime);

/// The events that an instance has in its hands.
#[derive(Debug, Default)]
pub(super) struct InHand(Mutex<HashMap<Key, Decision>>);

/// Who took an event.
pub(super) enum Taken {
    /// This delivery, which has to decide.
    Here(Hand),
    /// An earlier one.
    Already(Decision),
}

/// An event in hand, until it is dropped.
pub(super) struct Hand {
    all: Arc<InHand>,
    key: Key,
    decision: watch::Sender<Option<Settlement>>,
}

impl InHand {
    /// Takes an event, unless it is in hand.
    pub(super) fn take(self: &Arc<Self>, message: &Stored) -> Taken {
        let key = (message.sequence, message.time);
        match self.lock().entry(key) {
            Entry::Occupied(entry) => Taken::Already(entry.get().clone()),
            Entry::Vacant(entry) => {
                let (decision, decided) = watch::channel(None);
                entry.insert(decided);
                Taken::Here(Hand { all: Arc::clone(self), key, decision })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Decision>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    /// Tells later deliveries of the event what becomes of it.
    pub(super) fn decide(&self, settlement: Settlement) {
        self.decision.send_replace(Some(settlement));
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.all.lock().remove(&self.key);
    }
}

/// Waits for the decision of the delivery that has the event in hand; `None` when it ended without one.
pub(super) async fn decided(mut decision: Decision) -> Option<Settlement> {
    decision.wait_for(Option::is_some).await.map_or(None, |decided| *decided)
}
