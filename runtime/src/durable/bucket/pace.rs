//! Keeps writers of a bucket from outrunning the stream that takes its writes over as events.
//!
//! A bucket keeps a bounded number of revisions of a key, and the server takes writes over a moment after they are
//! acknowledged: usually a millisecond, a tenth of a second after a restart. A revision that is overwritten often enough
//! within that moment would never become an event. So of the writes of one key, a process leaves only a few
//! unconfirmed, and waits for the last one to arrive before it is told of its success.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::durable::{Durable, TakenOver};
use crate::status::Result;
use crate::subject::Subject;

/// Writes of a key that a process leaves unconfirmed. A bucket of events keeps eight times as many revisions
/// (`EVENT_BACKLOG`), so as many processes may write one key at once.
const UNCONFIRMED_MAX: u32 = 8;
/// Counters; keys share them.
const SLOTS: usize = 256;
/// Pause between looks, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));
/// A stream that takes nothing over for this long is broken, and waiting mends nothing.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a bucket's writers share.
pub(super) struct Pace {
    unconfirmed: Vec<AtomicU32>,
    taken_over: OnceCell<Option<TakenOver>>,
}

impl Pace {
    pub(super) fn new() -> Self {
        let unconfirmed = (0..SLOTS).map(|_| AtomicU32::new(0)).collect();
        Self { unconfirmed, taken_over: OnceCell::new() }
    }

    /// Makes a pace for what never becomes an event.
    pub(super) fn none() -> Self {
        Self { taken_over: OnceCell::new_with(Some(None)), ..Self::new() }
    }

    /// Notes an accepted write, and waits for it to become an event if too many haven't been waited for.
    pub(super) async fn wrote(
        &self,
        durable: &dyn Durable,
        stream: &str,
        key: &str,
        revision: u64,
    ) {
        let slot = &self.unconfirmed[slot(key)];
        let unconfirmed = slot.fetch_add(1, Ordering::Relaxed) + 1;
        if unconfirmed < UNCONFIRMED_MAX {
            return;
        }
        let known = self.taken_over.get_or_try_init(|| durable.taken_over(stream)).await;
        let arrived = match known {
            Ok(None) => Ok(true),
            Ok(Some(taken_over)) => arrived(durable, taken_over, key, revision).await,
            Err(status) => Err(status),
        };
        match arrived {
            Ok(true) => {}
            Ok(false) => {
                tracing::error!(stream, revision, "the writes of the bucket do not become events");
            }
            Err(status) => {
                tracing::warn!(stream, %status, "can't tell whether writes become events");
            }
        }
        slot.fetch_sub(unconfirmed, Ordering::Relaxed);
    }
}

/// Waits until the event of a write has arrived. Writes are taken over in order, so all before it have too.
async fn arrived(
    durable: &dyn Durable,
    taken_over: &TakenOver,
    key: &str,
    revision: u64,
) -> Result<bool> {
    let token = crate::subject::escape(key);
    let subject = Subject::parse(&taken_over.destination.replace("{{wildcard(1)}}", &token))?;
    let began = Instant::now();
    let mut pause = PAUSE.0;
    loop {
        let last = durable.last(&taken_over.stream, &subject).await?;
        let origin = last.as_ref().and_then(|event| origin(event.headers.get(SOURCE)?));
        if origin.is_some_and(|origin| origin >= revision) {
            return Ok(true);
        }
        if began.elapsed() > PATIENCE {
            return Ok(false);
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE.1);
    }
}

/// Says which message of which stream a message was taken over from.
const SOURCE: &str = "Nats-Stream-Source";

/// Reads the origin's sequence out of `KV_state:Bo4ghu4d 17 ...`.
fn origin(source: &str) -> Option<u64> {
    source.split(' ').nth(1)?.parse().ok()
}

fn slot(key: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % SLOTS as u64).unwrap_or_default()
}

impl fmt::Debug for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_read_from_the_header() {
        assert_eq!(origin("KV_state:Bo4ghu4d 17 $KV.state.* evt.x $KV.state.k"), Some(17));
        assert_eq!(origin("KV_state 3"), Some(3));
        assert_eq!(origin("KV_state"), None);
    }
}
