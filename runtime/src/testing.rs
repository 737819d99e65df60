//! What tests stand on: a real `nats-server` of their own.

mod binary;
mod server;

pub use server::{NatsServer, NatsServerBuilder};
