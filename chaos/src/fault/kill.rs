//! A server is killed with SIGKILL, again and again.

use std::time::{Duration, Instant};

use bodybroker_runtime::Result;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::Fault;
use super::storm::storm;
use crate::audit::Judged;
use crate::load::{Load, Reach};
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::stage::{NOTES, REGISTERS, Stage};

pub(super) const LEADER: Fault = Fault {
    name: "leader-kill",
    about: "the leader of a stream is killed under load, 20 times",
    run: |plan, outcome| Box::pin(run(plan, outcome, true)),
};

pub(super) const FOLLOWER: Fault = Fault {
    name: "follower-kill",
    about: "a follower of a stream is killed under load, 20 times",
    run: |plan, outcome| Box::pin(run(plan, outcome, false)),
};

/// Raft elects a leader within 9 s (`maxElectionTimeout` of nats-server); clients need a moment to find it.
const RECOVERY_MAX: Duration = Duration::from_secs(15);
/// How long the load runs between two deaths.
const QUIET: Duration = Duration::from_secs(1);

async fn run(plan: &Plan, outcome: &mut Outcome, leader: bool) -> Result<()> {
    storm(plan, outcome, Reach::All, Judged::Everything, async |stage, load, outcome| {
        let mut random = SmallRng::seed_from_u64(plan.seed);
        let mut times = Vec::new();
        for _ in plan.rounds() {
            // Which of the two streams suffers, chance decides.
            let stream = [NOTES, REGISTERS][random.random_range(0..2)];
            times.push(once(stage, load, stream, leader).await?);
        }
        times.sort();
        let longest = times.last().copied().unwrap_or_default();
        outcome.recovered(longest);
        outcome.note(format!(
            "{} deaths; recovery {:.1?} in the middle, {longest:.1?} at most",
            times.len(),
            times[times.len() / 2]
        ));
        outcome.must(longest < RECOVERY_MAX, format!("recovery took {longest:.1?}"));
        Ok(())
    })
    .await
}

async fn once(stage: &mut Stage, load: &Load, stream: &str, leader: bool) -> Result<Duration> {
    stage.replicated().await?;
    load.go_on(QUIET).await;
    let cluster = &mut stage.cluster;
    let victim =
        if leader { cluster.leader(stream).await? } else { cluster.follower(stream).await? };
    let killed = Instant::now();
    cluster.kill(victim);
    let time = load.recovered(killed, |_| true).await?;
    cluster.restart(victim).await?;
    Ok(time)
}
