//! Side-by-side measurements: one logical call through ours and through its peers.
//!
//! A [`cell::Cell`] is one way to make the call. Its server and its client run as processes of their own
//! ([`role`]); the conductor ([`conduct`]) starts them, interleaves short rounds and pairs them, so that a noisy
//! machine disturbs both sides of a ratio alike. The report ([`report`]) judges the figures and never fails.

mod cache;
pub mod cell;
mod chance;
pub mod cli;
pub mod conduct;
mod cores;
#[path = "generated/mod.rs"]
#[expect(
    missing_docs,
    clippy::allow_attributes,
    clippy::duration_suboptimal_units,
    reason = "generated: a schema documents what it holds, not the modules around it"
)]
#[rustfmt::skip]
pub mod generated;
pub mod json;
pub mod load;
pub mod message;
pub mod plan;
pub mod process;
pub mod ratio;
pub mod report;
pub mod role;
pub mod sample;
mod spike;
pub mod tools;
