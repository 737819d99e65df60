//! What tests stand on: a real `nats-server` of their own.

mod binary;
mod env;
mod server;

pub use env::{TestEnv, run};
pub use server::{NatsServer, NatsServerBuilder};
