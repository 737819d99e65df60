//! Typed RPC, streams, events and stores over NATS.

pub mod discovery;
pub mod durable;
pub mod headers;
pub mod spec;
pub mod status;
pub mod subject;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;

pub use status::{Code, Result, Status};
