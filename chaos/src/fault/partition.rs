//! Servers don't hear each other. Each client stays with the server it has, on whichever side that is.

use std::time::Instant;

use bodybroker_runtime::Result;

use super::Fault;
use super::storm::storm;
use crate::audit::Judged;
use crate::load::Reach;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::{NOTES, REGISTERS, Stage};

pub(super) const MINORITY: Fault = Fault {
    name: "partition-minority",
    about: "the leader is cut off from the others: they elect another, and it may acknowledge nothing",
    run: |plan, outcome| Box::pin(run(plan, outcome, Cut::Leader, Judged::Swaps)),
};

pub(super) const READS: Fault = Fault {
    name: "partition-reads",
    about: "the leader is cut off from the others: no linearizable read shows what others have replaced",
    run: |plan, outcome| Box::pin(run(plan, outcome, Cut::Leader, Judged::Proven)),
};

pub(super) const MAJORITY: Fault = Fault {
    name: "partition-majority",
    about: "a follower is cut off from the others: they go on",
    run: |plan, outcome| Box::pin(run(plan, outcome, Cut::Follower, Judged::Swaps)),
};

pub(super) const ONE_WAY: Fault = Fault {
    name: "partition-one-way",
    about: "the leader hears the others, and they don't hear it",
    run: |plan, outcome| Box::pin(run(plan, outcome, Cut::Muted, Judged::Swaps)),
};

/// Who is cut off, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    Leader,
    Follower,
    Muted,
}

async fn run(plan: &Plan, outcome: &mut Outcome, cut: Cut, judged: Judged) -> Result<()> {
    storm(plan, outcome, Reach::One, judged, async |stage, load, outcome| {
        for (_, stream) in plan.rounds().zip([NOTES, REGISTERS]) {
            let alone = begin(stage, stream, cut).await?;
            let began = Instant::now();
            // Clients of the others must get on without the one that is alone.
            let time = load.recovered(began, |client| client != alone).await?;
            outcome.note(format!("without server {alone} the others went on after {time:.1?}"));
            outcome.recovered(time);
            load.go_on(plan.hold.saturating_sub(began.elapsed())).await;
            let healed = Instant::now();
            stage.cluster.heal();
            let time = load.recovered(healed, |_| true).await?;
            outcome.note(format!("healed, all went on after {time:.1?}"));
            outcome.recovered(time);
            stage.replicated().await?;
        }
        Ok(())
    })
    .await
}

/// Cuts a server off, and says which.
async fn begin(stage: &Stage, stream: &str, cut: Cut) -> Result<usize> {
    let cluster = &stage.cluster;
    let alone = match cut {
        Cut::Leader | Cut::Muted => cluster.leader(stream).await?,
        Cut::Follower => cluster.follower(stream).await?,
    };
    let others: Vec<_> = (0..cluster.len()).filter(|server| *server != alone).collect();
    if cut == Cut::Muted {
        for other in others {
            cluster.mute(alone, other);
        }
    } else {
        cluster.partition(&[&others]);
    }
    Ok(alone)
}
