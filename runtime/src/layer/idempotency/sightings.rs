//! Which claims an instance has seen, and when by its own clock their calls are over.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::status::{Code, Status};

/// How much longer than a call had its claim is left alone: for the answer that is being written. An attempt to write takes
/// up to two seconds, and the pause before it up to one.
pub(super) const GRACE: Duration = Duration::from_secs(3);

/// The storage is away, or was just now, when it takes longer than this.
const PROMPT: Duration = Duration::from_millis(500);

/// Claims that an instance remembers.
const CLAIMS_MAX: usize = 1024;

/// Which claims an instance has seen. It forgets none while its calls come and go: a caller that is less patient than the first
/// would never be there when a dead call's time is over.
#[derive(Debug, Default)]
pub(super) struct Sightings(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When calls are over, by the revision of their claim.
    ends: BTreeMap<u64, Instant>,
    /// When the storage was last found to be away.
    away: Option<Instant>,
}

impl Sightings {
    /// When the claim of this revision may be taken over: its call had so much time. It is not while the storage was
    /// away a moment ago, because whoever has an answer then couldn't keep it.
    pub(super) fn until(&self, revision: u64, left: Duration) -> Instant {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let end = *state.ends.entry(revision).or_insert_with(|| Instant::now() + left);
        if state.ends.len() > CLAIMS_MAX {
            state.ends.pop_first();
        }
        state.away.map_or(end, |away| end.max(away + GRACE))
    }

    /// Notes how long the storage took to answer, and how it did.
    pub(super) fn asked(&self, took: Duration, failure: Option<&Status>) {
        let failed = failure.is_some_and(|status| {
            matches!(status.code(), Code::Unavailable | Code::UnknownOutcome)
        });
        if failed || took > PROMPT {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.away = Some(Instant::now());
        }
    }
}
