//! What stands between a call and the wire: kept answers, retries, hedges, breakers and users' own layers.

mod breaker;
mod cache;
mod fixture;
mod hedge;
mod idempotency;
mod own;
mod pieces;
mod retry;
