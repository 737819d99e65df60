//! The events that an instance has in its hands.
//!
//! A server that crashes may have forgotten that it delivered an event, and a beat that is lost lets it believe that
//! nobody works on one: both deliver it again to an instance that still handles it. The second delivery then waits:
//! if the first ends the event, it ends with it, and if the first fails, it goes on as the attempt that it is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use tokio::sync::watch;

use crate::durable::{Settlement, Stored};

/// How each event in hand ends, once that is known.
type Decision = watch::Receiver<Option<Settlement>>;

/// Sequence and time: a stream that was made anew has other events under the same sequences.
pub(super) type Key = (u64, SystemTime);

pub(super) fn key(message: &Stored) -> Key {
    (message.sequence, message.time)
}

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
    /// `None` once it was passed on: the key may be another delivery's by now.
    key: Option<Key>,
    decision: watch::Sender<Option<Settlement>>,
}

impl InHand {
    /// Takes an event, unless it is in hand.
    pub(super) fn take(self: &Arc<Self>, message: &Stored) -> Taken {
        let key = key(message);
        match self.lock().entry(key) {
            Entry::Occupied(entry) => Taken::Already(entry.get().clone()),
            Entry::Vacant(entry) => {
                let (decision, decided) = watch::channel(None);
                entry.insert(decided);
                Taken::Here(Hand { all: Arc::clone(self), key: Some(key), decision })
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Decision>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hand {
    /// Tells later deliveries of the event how it ends.
    pub(super) fn end(&self, settlement: Settlement) {
        self.decision.send_replace(Some(settlement));
    }

    /// Lets the event go; `true` when a later delivery waits for it and takes it.
    pub(super) fn pass_on(mut self) -> bool {
        let mut all = self.all.lock();
        // Nobody begins to wait who isn't counted.
        let waiting = self.decision.receiver_count() > 1;
        if let Some(key) = self.key.take() {
            all.remove(&key);
        }
        waiting
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.all.lock().remove(key);
        }
    }
}

/// Waits for the delivery that has the event in hand; `None` when it let go of the event.
pub(super) async fn decided(mut decision: Decision) -> Option<Settlement> {
    decision.wait_for(Option::is_some).await.map_or(None, |decided| *decided)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::headers::Headers;

    fn message(sequence: u64) -> Stored {
        Stored {
            sequence,
            subject: "evt.a".to_owned(),
            headers: Headers::new(),
            payload: Bytes::new(),
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(sequence),
            pending: 0,
        }
    }

    fn here(all: &Arc<InHand>, sequence: u64) -> Hand {
        match all.take(&message(sequence)) {
            Taken::Here(hand) => hand,
            Taken::Already(_) => panic!("{sequence} is in another hand"),
        }
    }

    fn waiting(all: &Arc<InHand>, sequence: u64) -> Decision {
        match all.take(&message(sequence)) {
            Taken::Here(_) => panic!("{sequence} is in no hand"),
            Taken::Already(decision) => decision,
        }
    }

    #[tokio::test]
    async fn a_later_delivery_ends_with_the_first() {
        let all = Arc::default();
        let first = here(&all, 1);
        let later = waiting(&all, 1);
        drop(here(&all, 2));
        first.end(Settlement::Done);
        assert_eq!(decided(later).await, Some(Settlement::Done));
        drop(first);
        assert!(all.lock().is_empty());
    }

    #[tokio::test]
    async fn a_later_delivery_goes_on_where_the_first_lets_go() {
        let all = Arc::default();
        let first = here(&all, 1);
        let later = waiting(&all, 1);
        assert!(first.pass_on());
        assert_eq!(decided(later).await, None);
        assert!(!here(&all, 1).pass_on(), "nobody waits, so it is given back");
        assert!(all.lock().is_empty());
    }
}
