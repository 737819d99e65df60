//! How soon a change is seen by who holds the old answer.

use std::time::{Duration, Instant};

use bodybroker_runtime::Result;
use hdrhistogram::Histogram;

use super::scene::{Scene, about, missing};
use crate::generated::bench::v1::{BENCH_THING_BUCKET, CacheClient, Thing, ThingTouched};

/// Longest that a change is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// An event that is published.
pub(super) async fn told(scene: &Scene, changes: u64) -> anyhow::Result<Histogram<u64>> {
    let publish = async |thing: &str, _| {
        scene.service.publish(&ThingTouched { thing_id: thing.to_owned() }).await.map(drop)
    };
    seen(scene, changes, "told", publish).await
}

/// An event that is the write of a bucket.
pub(super) async fn stored(scene: &Scene, changes: u64) -> anyhow::Result<Histogram<u64>> {
    let store = scene.service.store(&BENCH_THING_BUCKET)?;
    let put = async |thing: &str, version| {
        store.put(thing, &Thing { thing_id: thing.to_owned(), version }).await.map(drop)
    };
    seen(scene, changes, "stored", put).await
}

async fn seen(
    scene: &Scene,
    changes: u64,
    thing: &str,
    tell: impl AsyncFn(&str, u64) -> Result<()>,
) -> anyhow::Result<Histogram<u64>> {
    let caller = scene.caller().await?;
    let mut times = Histogram::new(3)?;
    // What is told before the caller listens nobody hears: the first change may take several.
    let listening = Instant::now();
    loop {
        caller.hold_thing(about(thing)).await?;
        let version = scene.things.change(thing);
        tell(thing, version).await?;
        if until(&caller, thing, version, Duration::from_millis(500)).await? {
            break;
        }
        anyhow::ensure!(listening.elapsed() < PATIENCE, missing("an event"));
    }
    for _ in 0..changes {
        let version = scene.things.change(thing);
        let began = Instant::now();
        let (told, saw) =
            tokio::join!(tell(thing, version), until(&caller, thing, version, PATIENCE));
        told?;
        anyhow::ensure!(saw?, missing("an event"));
        times.record(u64::try_from(began.elapsed().as_nanos())?)?;
    }
    Ok(times)
}

/// Asks until the answer is this version; `false` when that takes too long.
async fn until(
    caller: &CacheClient,
    thing: &str,
    version: u64,
    patience: Duration,
) -> anyhow::Result<bool> {
    let began = Instant::now();
    while caller.hold_thing(about(thing)).await?.version < version {
        if began.elapsed() > patience {
            return Ok(false);
        }
        // Busy waiting would take the processor from those who bring the news.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(true)
}
