//! What keeps a shared store that is slow or down from holding calls up.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::SharedStore;
use crate::layer::breaker::Breaker;
use crate::spec;
use crate::status::{Result, Status};

/// Time that a call gives the store.
const PATIENCE: Duration = Duration::from_millis(20);

const BREAKER: spec::Breaker = spec::Breaker {
    window: Duration::from_secs(5),
    min_calls: 5,
    failure_percent: 50,
    slow_call: None,
    slow_percent: 0,
    open: Duration::from_secs(1),
    probes: 1,
};

/// A store that is given little time, and none for a while after it has failed often.
#[derive(Debug)]
pub(in crate::layer) struct Guard {
    pub(super) store: Arc<dyn SharedStore>,
    breaker: Arc<Breaker>,
}

impl Guard {
    pub(in crate::layer) fn new(store: Arc<dyn SharedStore>) -> Self {
        Self { store, breaker: Arc::new(Breaker::new(BREAKER, "shared-store")) }
    }

    /// Does something with the store; `None` when that doesn't work.
    pub(super) async fn ask<T>(&self, work: impl Future<Output = Result<T>>) -> Option<T> {
        let within = async {
            let late = |_| Status::deadline_exceeded("the shared store is too slow");
            tokio::time::timeout(PATIENCE, work).await.map_err(late)?
        };
        match self.breaker.call(Instant::now(), within).await {
            Ok(done) => Some(done),
            Err(status) => {
                metrics::counter!("bb_cache_store_failures_total").increment(1);
                tracing::debug!(%status, "the shared store of answers");
                None
            }
        }
    }
}
