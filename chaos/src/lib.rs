//! Faults in real clusters of servers, and what the runtime promises through them.
//!
//! A [`fault::Fault`] is one thing that goes wrong: it starts what it needs, keeps it busy ([`load`]), breaks something,
//! mends it, and then compares what everybody was told with what is there ([`audit`]).

pub mod audit;
pub mod cli;
pub mod fault;
pub mod ledger;
pub mod load;
pub mod outcome;
pub mod plan;
pub mod report;
pub mod stage;
pub mod worker;

#[expect(
    missing_docs,
    clippy::allow_attributes,
    clippy::duration_suboptimal_units,
    reason = "generated: a schema documents what it holds, not the modules around it"
)]
pub mod api {
    include!(concat!(env!("OUT_DIR"), "/api/mod.rs"));
}
