//! The golden crate at work: every generated future is `Send`, and a mock answers what a client asks.

mod debug;
mod errors;
mod mock;
mod sealed;
mod spawned;
mod standalone;
mod steps;
mod store;
mod taken;
