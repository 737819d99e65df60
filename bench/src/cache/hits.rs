//! What one answer costs.

use std::time::Instant;

use hdrhistogram::Histogram;

use super::scene::{Scene, about, missing};

/// Answers of the service.
pub(super) async fn call(scene: &Scene, calls: usize) -> anyhow::Result<Histogram<u64>> {
    let caller = scene.caller().await?;
    let mut times = Histogram::new(3)?;
    for _ in 0..calls {
        let began = Instant::now();
        caller.look_at_thing(about("a")).fresh().await?;
        times.record(nanos(began))?;
    }
    Ok(times)
}

/// Answers of the process.
pub(super) async fn local(scene: &Scene, calls: usize) -> anyhow::Result<Histogram<u64>> {
    let caller = scene.caller().await?;
    caller.hold_thing(about("a")).await?;
    let (mut times, asked) = (Histogram::new(3)?, scene.things.asked());
    for _ in 0..calls {
        let request = about("a");
        let began = Instant::now();
        caller.hold_thing(request).await?;
        times.record(nanos(began))?;
    }
    // The events begin to be heard meanwhile, which costs one answer.
    anyhow::ensure!(scene.things.asked() <= asked + 2, "they were no answers of the process");
    Ok(times)
}

/// Answers out of Redis, of which another process has left each.
pub(super) async fn shared(scene: &Scene, calls: usize) -> anyhow::Result<Histogram<u64>> {
    let (writer, reader) = (scene.caller().await?, scene.caller().await?);
    let mut times = Histogram::new(3)?;
    for number in 0..calls {
        let thing = format!("thing {number}");
        writer.get_thing(about(&thing)).await?;
        // It is stored a moment after it was given.
        writer.get_thing(about(&format!("other {number}"))).await?;
        let (asked, began) = (scene.things.asked(), Instant::now());
        reader.get_thing(about(&thing)).await?;
        let took = nanos(began);
        if scene.things.asked() == asked {
            times.record(took)?;
        }
    }
    if times.len() < calls as u64 / 2 {
        return Err(missing("an answer out of Redis").into());
    }
    Ok(times)
}

fn nanos(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX)
}
