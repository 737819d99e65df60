//! Finds out whether the threads that run a service have time for it: a task that sleeps is woken too late otherwise.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Health;

/// How long it sleeps.
const SLEEP: Duration = Duration::from_millis(100);
/// Lateness from which the threads are in trouble, smoothed over some sleeps.
const BAD: Duration = Duration::from_millis(250);
/// Lateness below which they are well again.
const GOOD: Duration = Duration::from_millis(50);
/// Weight of a new measurement is one in so many.
const SMOOTHING: u32 = 4;

/// Sleeps again and again.
pub(super) async fn watch(health: Health, name: String) {
    let what = format!("{name}: threads");
    let mut lag = Duration::ZERO;
    loop {
        let began = Instant::now();
        sleep(SLEEP).await;
        let late = began.elapsed().saturating_sub(SLEEP);
        lag = (lag * (SMOOTHING - 1) + late) / SMOOTHING;
        metrics::histogram!("bb_lag_seconds", "service" => name.clone()).record(late);
        if lag > BAD {
            health.trouble(&what, "tasks wait too long for a thread");
        } else if lag < GOOD {
            health.well(&what);
        }
    }
}
