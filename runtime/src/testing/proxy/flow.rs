//! What goes wrong on a link.

use std::time::Duration;

/// What goes wrong on a link, each way for itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Faults {
    /// Towards the server.
    pub up: Flow,
    /// Towards the client.
    pub down: Flow,
}

/// What happens to bytes on one way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flow {
    /// Time that bytes take.
    pub latency: Duration,
    /// Time that they may take beyond that, by chance.
    pub jitter: Duration,
    /// Bytes that pass in a second; `None` for as many as come.
    pub bytes_per_s: Option<u32>,
    /// Of a thousand packets, how many are lost and sent again: they and all behind them stall for
    /// [`Flow::STALL`].
    pub loss_per_mille: u16,
    /// Whether nothing passes.
    pub blocked: bool,
}

impl Faults {
    /// None at all.
    pub const NONE: Self = Self::both(Flow::CLEAR);
    /// A link that swallows everything.
    pub const BLACK_HOLE: Self = Self::both(Flow::BLOCKED);

    /// The same both ways.
    #[must_use]
    pub const fn both(flow: Flow) -> Self {
        Self { up: flow, down: flow }
    }
}

impl Flow {
    /// Everything passes as it comes.
    pub const CLEAR: Self = Self {
        latency: Duration::ZERO,
        jitter: Duration::ZERO,
        bytes_per_s: None,
        loss_per_mille: 0,
        blocked: false,
    };
    /// Nothing passes.
    pub const BLOCKED: Self = Self { blocked: true, ..Self::CLEAR };
    /// How long a lost packet holds up what is behind it: Linux's shortest time until it sends again (`TCP_RTO_MIN`).
    pub const STALL: Duration = Duration::from_millis(200);
}

impl Default for Flow {
    fn default() -> Self {
        Self::CLEAR
    }
}
