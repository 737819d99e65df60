//! What stands between a call and the wire: retries, hedges, breakers and users' own layers.

mod breaker;
mod fixture;
mod hedge;
mod idempotency;
mod own;
mod retry;
