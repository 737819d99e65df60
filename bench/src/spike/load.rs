//! The callers: a process of its own.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bodybroker_runtime::connection::Options;
use bodybroker_runtime::{Code, Connection, Status};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};

use super::order::{End, Made, Order, Pace, Told};
use crate::chance::Chance;
use crate::generated::bench::v1::{SpikeClient, WorkRequest};
use crate::role;

/// Share of a time that callers need to get going.
const WARM_UP: u32 = 5;
/// Pause of a caller who isn't told one.
const PAUSE: Duration = Duration::from_millis(25);

/// Follows orders until standard input ends.
pub(super) async fn follow(url: String) -> anyhow::Result<()> {
    let connection = Connection::connect(Options::new(url, "bench-client")).await?;
    let client = SpikeClient::new(&connection);
    role::ready("")?;
    while let Some(line) =
        tokio::task::spawn_blocking(role::read).await.context("reading panicked")??
    {
        match serde_json::from_str(&line).context("an order is none")? {
            Order::Saturate { callers, millis } => {
                role::say(&saturate(&client, callers, Duration::from_millis(millis)).await)?;
            }
            Order::Pace { phases, seed } => role::say(&pace(&client, &phases, seed).await?)?,
        }
    }
    Ok(())
}

/// Calls a second that succeed when there are always enough of them.
async fn saturate(client: &SpikeClient, callers: usize, time: Duration) -> f64 {
    let began = Instant::now();
    let (from, end) = (began + time / WARM_UP, began + time);
    let mut calling = JoinSet::new();
    for _ in 0..callers {
        let client = client.clone();
        calling.spawn(async move {
            let mut succeeded = 0_u32;
            loop {
                let answered = client.work(WorkRequest {}).once().await;
                let now = Instant::now();
                if now >= end {
                    return succeeded;
                }
                match answered {
                    Ok(_) => succeeded += u32::from(now >= from),
                    Err(status) => {
                        tokio::time::sleep(status.retry_after().unwrap_or(PAUSE)).await;
                    }
                }
            }
        });
    }
    let succeeded: u32 = calling.join_all().await.into_iter().sum();
    f64::from(succeeded) / (end - from).as_secs_f64()
}

/// Makes calls when they are due, whatever has become of those before.
async fn pace(client: &SpikeClient, phases: &[Pace], seed: u64) -> anyhow::Result<Told> {
    let due = due(phases, seed);
    let failure = Arc::new(Mutex::new(None));
    let (client, first, runtime) = (client.clone(), Arc::clone(&failure), Handle::current());
    // A thread of its own, which wakes up more exactly than timers of tokio.
    let calling = move || -> Vec<JoinHandle<Made>> {
        let began = Instant::now();
        due.into_iter()
            .map(|at| {
                thread::sleep((began + at).saturating_duration_since(Instant::now()));
                runtime.spawn(call(client.clone(), began, at, Arc::clone(&first)))
            })
            .collect()
    };
    let calling = tokio::task::spawn_blocking(calling).await.context("the pacer panicked")?;
    let mut calls = Vec::with_capacity(calling.len());
    for call in calling {
        calls.push(call.await.context("a call panicked")?);
    }
    let failure = failure.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(Told { calls, failure })
}

/// When calls are due: at random, as those of many callers who know nothing of each other (a Poisson process).
fn due(phases: &[Pace], seed: u64) -> Vec<Duration> {
    let (mut chance, mut due, mut begin) = (Chance(seed.max(1)), Vec::new(), 0.0);
    for Pace { rate, millis } in phases {
        let end = begin + Duration::from_millis(*millis).as_secs_f64();
        let mut at: f64 = begin;
        loop {
            at -= (1.0 - chance.next()).ln() / rate;
            if at >= end {
                break;
            }
            due.push(Duration::from_secs_f64(at));
        }
        begin = end;
    }
    due
}

async fn call(
    client: SpikeClient,
    began: Instant,
    at: Duration,
    failure: Arc<Mutex<Option<String>>>,
) -> Made {
    let answered = client.work(WorkRequest {}).await;
    let took = (began + at).elapsed();
    let end = match answered {
        Ok(response) if response.attempt == 1 => End::First,
        Ok(_) => End::Later,
        Err(status) => end(&status, &failure),
    };
    Made { at_us: micros(at), took_us: micros(took), end }
}

fn end(status: &Status, failure: &Mutex<Option<String>>) -> End {
    match (status.code(), status.retry_after()) {
        (Code::ResourceExhausted, Some(_)) => End::Shed,
        (Code::ResourceExhausted, None) => End::Untold,
        _ => {
            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| status.to_string());
            End::Failed
        }
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_as_often_as_they_should_and_at_random() {
        let phases = [Pace { rate: 1_000.0, millis: 2_000 }, Pace { rate: 10_000.0, millis: 500 }];
        let due = due(&phases, 7);
        let early = due.partition_point(|at| *at < Duration::from_secs(2));
        assert!((1_800..2_200).contains(&early), "{early}");
        assert!((4_700..5_300).contains(&(due.len() - early)), "{}", due.len() - early);
        assert!(due.is_sorted());
        assert!(due.iter().all(|at| *at < Duration::from_millis(2_500)));
        let gaps: Vec<_> =
            due[..early].windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
        assert!(gaps.iter().any(|gap| *gap < Duration::from_micros(100)));
        assert!(gaps.iter().any(|gap| *gap > Duration::from_millis(3)));
    }
}
