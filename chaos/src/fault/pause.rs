//! The leader of a stream stops for a while, without ending: it is suspended, as by a debugger or a busy host.

use std::time::{Duration, Instant};

use super::Fault;
use super::storm::storm;
use crate::audit::Judged;
use crate::load::Reach;
use crate::stage::{NOTES, REGISTERS};

pub(super) const FAULT: Fault = Fault {
    name: "leader-pause",
    about: "the leader of a stream is suspended for 15 s and then goes on, not knowing",
    run: |plan, outcome| {
        Box::pin(storm(plan, outcome, Reach::All, Judged::Swaps, async |stage, load, outcome| {
            for (_, stream) in plan.rounds().zip([NOTES, REGISTERS]) {
                let leader = stage.cluster.leader(stream).await?;
                let paused = Instant::now();
                stage.cluster.pause(leader);
                outcome.recovered(load.recovered(paused, |_| true).await?);
                load.go_on(plan.hold.min(PAUSE).saturating_sub(paused.elapsed())).await;
                stage.cluster.resume(leader);
                load.recovered(Instant::now(), |_| true).await?;
                stage.replicated().await?;
            }
            Ok(())
        }))
    },
};

/// Longer than an election takes.
const PAUSE: Duration = Duration::from_secs(15);
