//! Finds out whether a bucket takes writes, by writing: a bucket whose replicas have lost each other answers every
//! question after its health as if it were well.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::Health;
use crate::durable::{Bucket, Durable};
use crate::spec::BucketSpec;
use crate::status::Status;

/// Pause between two writes.
const PAUSE: Duration = Duration::from_secs(2);
/// Time that one may take.
const TIMEOUT: Duration = Duration::from_secs(2);
/// So many must fail in a row: one is lost whenever the replicas choose another leader.
const FAILURES: u32 = 2;
/// Instances choose one of so many keys, so that those that are gone leave no more behind.
const KEYS: u32 = 32;

/// Writes again and again, each time what must follow on the last write.
pub(super) fn sing(
    health: Health,
    what: String,
    durable: &Arc<dyn Durable>,
    spec: &'static BucketSpec,
) -> impl Future<Output = ()> + use<> {
    let bucket = Bucket::new(Arc::clone(durable), spec);
    let key = rand::random_range(0..KEYS).to_string();
    async move {
        let mut failures = FAILURES - 1;
        let mut revision = 0;
        loop {
            let began = Instant::now();
            let written = timeout(TIMEOUT, bucket.try_key(&key, revision)).await;
            let took = began.elapsed();
            let late = || Status::deadline_exceeded(format!("a write took more than {TIMEOUT:?}"));
            match written.unwrap_or_else(|_| Err(late())) {
                Ok(written) => {
                    revision = written;
                    failures = 0;
                    metrics::histogram!("bb_canary_seconds", "bucket" => spec.name).record(took);
                    health.well(&what);
                }
                Err(status) => {
                    failures += 1;
                    metrics::counter!("bb_canary_failures_total", "bucket" => spec.name)
                        .increment(1);
                    if failures >= FAILURES {
                        health.trouble(&what, format!("it takes no writes: {}", status.message()));
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}
