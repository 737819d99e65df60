//! A client that looks at registers, and believes whoever answers.

use std::time::{Duration, Instant};

use bodybroker_runtime::store::Store;
use bodybroker_runtime::testing::history::{Answer, Ask, History};
use bodybroker_runtime::{Connection, Result};
use tokio_util::sync::CancellationToken;

use super::{Load, swaps};
use crate::api::chaos::v1::{REGISTERS_BUCKET, Register};

/// A client that looks at registers, and believes whoever answers.
#[derive(Debug)]
pub(super) struct Looks {
    client: u64,
    store: Store<Register>,
    history: History,
}

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(15);

impl Looks {
    pub(super) fn new(client: usize, connection: &Connection, load: &Load) -> Result<Self> {
        let store = connection.store(&REGISTERS_BUCKET)?;
        Ok(Self { client: client as u64, store, history: load.looks.clone() })
    }

    pub(super) async fn run(self, stop: CancellationToken) {
        let began = Instant::now();
        for register in (0..swaps::REGISTERS).cycle().take_while(|_| !stop.is_cancelled()) {
            let key = swaps::key(began, register);
            let looking = self.history.begin(&key, self.client, Ask::Read);
            looking.end(match self.store.get(&key).await {
                Ok(found) => Answer::Value(found.map(|found| found.value.value)),
                Err(_) => Answer::Failed,
            });
            tokio::time::sleep(PAUSE).await;
        }
    }
}
