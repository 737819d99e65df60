//! What tests stand on: real servers of their own, links that fail as told, and a judge of what clients were told.

mod binary;
mod clock;
mod cluster;
mod env;
pub mod history;
mod process;
pub mod proxy;
mod redis;
mod server;

pub use clock::{pretend_suspension, set_clock_wrong};
pub use cluster::Cluster;
pub use env::{TestEnv, run};
pub use proxy::Proxy;
pub use redis::{RedisServer, RedisServerBuilder};
pub use server::{NatsServer, NatsServerBuilder};
