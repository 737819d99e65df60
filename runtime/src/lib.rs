//! Typed RPC, streams, events and stores over NATS.

mod base36;
pub mod bus;
pub mod client;
mod clock;
pub mod config;
pub mod connection;
pub mod content;
pub mod context;
pub mod delivery;
pub mod discovery;
pub mod durable;
pub mod event;
pub mod field;
pub mod headers;
mod health;
pub mod host;
pub mod layer;
pub mod lease;
pub mod mock;
pub mod mux;
pub mod nats;
mod outbox;
pub mod prelude;
pub mod provision;
#[cfg(feature = "redis")]
pub mod redis;
mod reply;
pub mod seal;
pub mod server;
mod shown;
pub mod spec;
mod stamp;
pub mod status;
pub mod store;
pub mod stream;
pub mod subject;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;
pub mod transport;
pub mod wire;

#[doc(hidden)]
pub use bodybroker_macros::__service;
pub use bodybroker_macros::{main, service, test};
pub use bus::Bus;
pub use client::{Call, DuplexCall, StreamCall, UploadCall};
pub use connection::Connection;
pub use context::Context;
pub use delivery::Delivery;
pub use event::{Event, Published};
pub use server::{Incoming, IntoService, Server, Service};
pub use status::{Code, Declared, Result, Status};
pub use stream::{Inbound, Outbound};
pub use transport::BoxFuture;
