//! How often there is an answer: many ask about few things often, and about many things rarely.

use std::time::{Duration, Instant};

use super::scene::{Scene, about};
use crate::chance::Chance;
use crate::generated::bench::v1::CacheClient;

/// Processes that ask.
const CALLERS: u64 = 4;
/// Calls a second, of all of them.
const CALLS: usize = 10_000;
/// Things that they ask about.
const THINGS: usize = 10_000;

/// The share of calls that the service isn't bothered with.
pub(super) async fn rate(scene: &Scene, length: Duration, sharing: bool) -> anyhow::Result<f64> {
    let asked = scene.things.asked();
    let ranks = ranks();
    let mut tasks = Vec::new();
    for seed in 1..=CALLERS {
        let (caller, ranks) = (scene.caller().await?, ranks.clone());
        tasks.push(tokio::spawn(ask(caller, ranks, seed, length, sharing)));
    }
    let mut made = 0;
    for task in tasks {
        made += task.await??;
    }
    let asked = scene.things.asked() - asked;
    #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^52")]
    let missed = asked as f64 / made as f64;
    Ok(1.0 - missed)
}

/// Asks at a steady pace; how often in all.
async fn ask(
    caller: CacheClient,
    ranks: Vec<f64>,
    seed: u64,
    length: Duration,
    sharing: bool,
) -> anyhow::Result<u64> {
    let (began, mut made, mut chance) = (Instant::now(), 0, Chance(seed));
    let mut pace = tokio::time::interval(Duration::from_millis(1));
    let calls = usize::try_from(CALLERS).map_or(1, |callers| CALLS / callers / 1_000).max(1);
    let mut carried = 0;
    while began.elapsed() < length {
        pace.tick().await;
        // Two and a half a millisecond are two and three by turns.
        carried += CALLS % 4_000;
        let extra = carried / 4_000;
        carried %= 4_000;
        let asking = (0..calls + extra).map(|_| {
            let thing = format!("{}-{sharing}", pick(&ranks, &mut chance));
            let request = about(&thing);
            if sharing { caller.get_thing(request) } else { caller.look_at_thing(request) }
        });
        for answer in futures::future::join_all(asking).await {
            answer?;
            made += 1;
        }
    }
    Ok(made)
}

/// How likely one of the first things is picked, from the first to all (Zipf, exponent 1).
fn ranks() -> Vec<f64> {
    let mut sum = 0.0;
    let weights = (1..=THINGS).map(|rank| {
        #[expect(clippy::cast_precision_loss, reason = "no rank comes near 2^52")]
        let weight = 1.0 / rank as f64;
        sum += weight;
        sum
    });
    let sums: Vec<_> = weights.collect();
    sums.iter().map(|weight| weight / sum).collect()
}

/// Picks a thing by chance.
fn pick(ranks: &[f64], chance: &mut Chance) -> usize {
    let chance = chance.next();
    ranks.partition_point(|rank| *rank < chance)
}
