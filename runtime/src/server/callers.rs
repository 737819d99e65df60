//! Which requests are too old to be handled, by clocks that nobody sets right.
//!
//! A request says when it was sent, by its caller's clock, and the server reads its own when it arrives. What lies
//! between the two readings is how far the clocks are apart, and the time that the request took. The least that ever
//! lay between them for one caller stands for the clocks alone, since some requests take next to no time; whatever
//! another one has beyond that, it spent in a buffer. If that is as much as its caller waits, it isn't handled.
//!
//! - The first request of a caller is measured against nothing, and believed if it would be in time with clocks
//!   [`SKEW_MAX_MS`] apart. So it may be handled that much too late, and as much as the caller's clock is ahead.
//! - Clocks drift: the least is let grow by [`DRIFT_SHIFT`], up to [`SKEW_MAX_MS`]. A caller not heard of for hours is
//!   as good as unknown.
//! - Whose request isn't believed is told, as of one that provably never ran. Who doesn't wait any more won't hear it.
//!   Who does knows that the request is not old, so that a clock must be to blame: it stood still while its machine
//!   was suspended, or was wrong by hours from the beginning. The caller then gives its clock another name
//!   (`clock.rs`). By that the server knows that a request was sent after it had complained, and measures anew.
//! - A clock may also have lost less than callers wait. Then requests seem older than they are, but not too old; so
//!   what a request has waited is not taken from its handler's time.
//! - Requests of one caller may come in over several connections, and so a late one with the old name after one with the new:
//!   by that, nothing is measured anew.
//! - A process that starts anew has new connections, which are new callers.
//! - Who puts another connection's name and a time to come into a stamp makes the next request of that connection
//!   disbelieved, but only that: its clock has another name then.

use std::collections::HashMap;
use std::time::Duration;

use foldhash::fast::RandomState;

use crate::clock::whole_millis;
use crate::stamp::{STEP_MS, Stamp};

/// How far the clocks of a caller and a server may be apart when they first meet.
pub(crate) const SKEW_MAX_MS: i64 = 5_000;

/// What clocks may drift apart is the time that passes, shifted right so far: 244 millionths. Quartz drifts by 50.
const DRIFT_SHIFT: u32 = 12;

/// Callers that are remembered: at least those of the last so many that were heard, and at most twice as many.
const CALLERS_MAX: usize = 4_096;

/// What is known of the clocks of callers.
#[derive(Debug, Default)]
pub(super) struct Callers {
    /// Those heard of lately. When they are too many, they take the place of `before`.
    lately: HashMap<Box<[u8]>, Caller, RandomState>,
    before: HashMap<Box<[u8]>, Caller, RandomState>,
}

/// What is known of the clock of one caller.
#[derive(Debug, Clone, Copy, Default)]
struct Caller {
    least: Option<Least>,
    /// The name that its clock had when it was disbelieved.
    disbelieved: Option<u32>,
    /// The name that it was last measured under.
    measured: u32,
}

/// The least that lay between the readings of both clocks.
#[derive(Debug, Clone, Copy)]
struct Least {
    apart_ms: i64,
    /// When that was.
    at_ms: i64,
}

/// How old a request seems to be, in milliseconds; negative if its caller's clock is ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Late(pub(super) i64);

impl Callers {
    /// Tells whether the caller of a request may still wait; or else how old the request seems to be.
    pub(super) fn judge(
        &mut self,
        caller: &[u8],
        stamp: &Stamp,
        timeout: Duration,
        now_ms: i64,
    ) -> Result<(), Late> {
        if let Some(known) = self.lately.get_mut(caller) {
            return known.judge(stamp, timeout, now_ms);
        }
        let mut known = self.before.remove(caller).unwrap_or_default();
        let judged = known.judge(stamp, timeout, now_ms);
        if self.lately.len() >= CALLERS_MAX {
            self.before = std::mem::take(&mut self.lately);
        }
        self.lately.insert(caller.into(), known);
        judged
    }
}

impl Caller {
    fn judge(&mut self, stamp: &Stamp, timeout: Duration, now_ms: i64) -> Result<(), Late> {
        let apart_ms = now_ms.saturating_sub(stamp.sent_ms);
        let heard = Least { apart_ms, at_ms: now_ms };
        let Self { least, disbelieved, measured } = *self;
        if disbelieved.is_some_and(|name| stamp.clock > name) {
            *self = Self { least: Some(heard), disbelieved: None, measured: stamp.clock };
            return Ok(());
        }
        let beyond_ms =
            apart_ms.saturating_sub(least.map_or(SKEW_MAX_MS, |least| least.at(now_ms)));
        // A stamp is up to a step older than its request.
        let age_ms = beyond_ms.saturating_sub(STEP_MS);
        let is_ahead = least.is_none() && apart_ms < -SKEW_MAX_MS;
        if is_ahead || age_ms >= whole_millis(timeout) {
            if stamp.clock >= measured {
                self.disbelieved = disbelieved.max(Some(stamp.clock));
            }
            return Err(Late(if least.is_none() { apart_ms } else { age_ms }));
        }
        if beyond_ms <= 0 || least.is_none() {
            self.least = Some(heard);
        }
        if age_ms <= 0 {
            self.disbelieved = None;
        }
        Ok(())
    }
}

impl Least {
    /// The least as it may have become by now.
    fn at(self, now_ms: i64) -> i64 {
        let drift_ms = now_ms.saturating_sub(self.at_ms) >> DRIFT_SHIFT;
        self.apart_ms.saturating_add(drift_ms.clamp(0, SKEW_MAX_MS))
    }
}

#[cfg(test)]
mod tests;
