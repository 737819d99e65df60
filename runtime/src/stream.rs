//! Streams of messages between two inboxes: counted, credited, resumed, ended exactly once.
//!
//! The protocol is two state machines without clock or transport: `producer` numbers frames, keeps them until the
//! reader has them, and never exceeds its grant; `reader` takes frames in order, asks again for what is missing,
//! and grants more as its user consumes. `inlet` and `outlet` join them to a transport, `keeper` is their
//! clock, and [`Inbound`] and [`Outbound`] are what an author sees. The wire is `StreamFrames` and `StreamControl`
//! of `bodybroker/common/v1/stream.proto`, written by hand in `packet`.
//!
//! What holds, whatever the network does:
//! - A reader sees the frames in order from the first, and then one end: all of them, or a prefix and a failure.
//! - A producer is at most the credit ahead, in frames and in bytes; so the memory of both sides is bounded. Neither
//!   takes the other's word for it: a producer keeps a window, whatever it is granted, and a reader that is sent more than
//!   it granted ends the stream.
//! - A dropped reader stops its producer; a silent one does within three heartbeats, and a silent producer is given
//!   up after the schema's idle time-out. A peer whose connection is gone is noticed within two seconds.

mod inbound;
mod inlet;
mod keeper;
mod link;
mod outbound;
mod outlet;
mod packet;
mod producer;
mod pump;
mod raw;
mod reader;
mod sender;
mod split;
#[cfg(test)]
mod tests;

pub use inbound::Inbound;
pub use outbound::Outbound;
pub use sender::{Outcome, Sender};

pub(crate) use inlet::Inlet;
pub(crate) use keeper::Keeper;
pub(crate) use link::{Link, Port};
pub(crate) use outlet::Outlet;
pub(crate) use pump::{Pump, Stopped};
pub(crate) use raw::Raw;

use std::time::Duration;

/// How often streams look at the time.
pub(crate) const TICK: Duration = Duration::from_millis(250);

/// Ticks of silence after which a side says that it is there: a second.
const BEAT_TICKS: u32 = 4;

/// Ticks without a control message after which a producer is an orphan: three heartbeats, and one for the way.
const ORPHAN_TICKS: u32 = 3 * BEAT_TICKS + 1;

/// Ticks after which a peer whose inbox has no subscriber is gone for good, not reconnecting.
const GONE_TICKS: u32 = 4;

/// Bytes of frames that a producer may be ahead of its reader's user, give or take one frame.
pub(crate) const WINDOW_BYTES: u64 = 256 * 1024;

/// Most frames that a producer may be ahead of what its reader has.
pub(crate) const CREDIT_MAX: u64 = 65_536;

/// Length from which a message takes no more frames: enough to make its cost small beside theirs, little enough for
/// the frames of many streams to interleave, and far below any server's `max_payload`.
const PACK_BYTES: usize = 16 * 1024;

/// Streams up to which each is written at once; the messages of more are combined. Those count that have ended and
/// aren't confirmed yet: of short streams, one after the other, there are some.
const DIRECT_STREAMS_MAX: usize = 12;
