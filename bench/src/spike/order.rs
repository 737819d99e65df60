//! What the conductor asks of callers and instances, and what they answer: a line of JSON each.

use serde::{Deserialize, Serialize};

/// An order to the callers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// So many callers call without pause, none of them twice; who is sent away comes again when told. Answered with
    /// the calls a second that succeeded.
    Saturate {
        /// Callers.
        callers: usize,
        /// For how long.
        millis: u64,
    },
    /// Calls are made at their own pace. Answered with [`Told`].
    Pace {
        /// One after the other.
        phases: Vec<Pace>,
        /// Decides on when calls are made.
        seed: u64,
    },
}

/// Calls at a pace.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Pace {
    /// Calls a second.
    pub(super) rate: f64,
    /// For how long.
    pub(super) millis: u64,
}

/// What became of the calls.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Told {
    /// Each call.
    pub(super) calls: Vec<Made>,
    /// Words of the first failure that was no refusal.
    pub(super) failure: Option<String>,
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Made {
    /// When it should have been made, in microseconds since the beginning.
    #[serde(rename = "a")]
    pub(super) at_us: u32,
    /// Microseconds from then to its end.
    #[serde(rename = "t")]
    pub(super) took_us: u32,
    /// What became of it.
    #[serde(rename = "e")]
    pub(super) end: End,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum End {
    /// It succeeded at the first attempt.
    #[serde(rename = "1")]
    First,
    /// It succeeded at a later one.
    #[serde(rename = "2")]
    Later,
    /// It was sent away, and told when to come again.
    #[serde(rename = "s")]
    Shed,
    /// It was sent away, and not told.
    #[serde(rename = "u")]
    Untold,
    /// It failed.
    #[serde(rename = "f")]
    Failed,
}

impl End {
    pub(super) fn is_accepted(self) -> bool {
        matches!(self, Self::First | Self::Later)
    }
}

/// What an instance has seen since it started.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Seen {
    /// Requests.
    pub(super) requests: u64,
    /// Those that were sent away.
    pub(super) shed: u64,
}
