//! The faults, one file each.

use std::panic::AssertUnwindSafe;

use bodybroker_runtime::Result;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use crate::outcome::Outcome;
use crate::plan::Plan;

mod calls;
mod clock_skew;
mod consumer_stall;
mod dedupe;
mod disk_limit;
mod ejection;
mod half_open;
mod kill;
mod lame_duck;
mod partition;
mod pause;
mod poison;
mod reconnect_storm;
mod redis;
mod slow_consumer;
mod soak;
mod stale_buffer;
mod storm;
mod worker_kill;

/// One thing that goes wrong.
#[derive(Debug)]
pub struct Fault {
    /// Name, as chosen on the command line.
    pub name: &'static str,
    /// What goes wrong, and what must hold.
    pub about: &'static str,
    /// Inflicts it.
    pub run: for<'a> fn(&'a Plan, &'a mut Outcome) -> LocalBoxFuture<'a, Result<()>>,
}

/// Every fault.
pub const FAULTS: &[Fault] = &[
    kill::LEADER,
    kill::FOLLOWER,
    pause::FAULT,
    partition::MINORITY,
    partition::MAJORITY,
    partition::ONE_WAY,
    partition::READS,
    lame_duck::STREAMS,
    lame_duck::CALLS,
    dedupe::FAULT,
    consumer_stall::FAULT,
    poison::FAULT,
    disk_limit::FAULT,
    worker_kill::CALLS,
    worker_kill::EVENTS,
    half_open::FAULT,
    reconnect_storm::FAULT,
    slow_consumer::FAULT,
    soak::FAULT,
    stale_buffer::EXPLICIT,
    stale_buffer::SCHEMA,
    clock_skew::FAULT,
    ejection::FAULT,
    redis::KILL,
    redis::BLACK_HOLE,
];

impl Fault {
    /// Inflicts the fault; whatever stops it breaks a promise, too.
    pub async fn inflict(&self, plan: &Plan) -> Outcome {
        let mut outcome = Outcome::default();
        let ended = AssertUnwindSafe((self.run)(plan, &mut outcome)).catch_unwind().await;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(status)) => outcome.broken.push(format!("it did not end well: {status}")),
            Err(_) => outcome.broken.push("it panicked".to_owned()),
        }
        outcome
    }
}
