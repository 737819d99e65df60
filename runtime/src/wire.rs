//! The NATS client protocol as bytes: what to write, and what was read. It knows neither sockets nor time.

pub mod encode;
pub mod parse;

pub use parse::{Malformed, Op, Payload, parse};
