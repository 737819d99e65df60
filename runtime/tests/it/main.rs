//! Tests of the runtime against a real server and against the in-process bus.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod adaptive;
mod between;
mod bulkhead;
mod cancelling;
mod clock;
mod cluster;
mod connecting;
mod content;
mod drain;
mod durable;
mod event;
mod fixture;
mod handover;
mod health;
mod host;
mod hostile;
mod layer;
mod leak;
mod lease;
mod membership;
mod outbox;
mod pages;
mod proxy;
mod rolling_restart;
mod rpc;
mod sealed;
mod store;
mod strands;
mod stream;
mod trace;
mod vocabulary;
