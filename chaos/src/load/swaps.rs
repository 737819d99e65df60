//! A client that reads registers and replaces what it has read, if nobody else is faster.

use std::time::{Duration, Instant};

use bodybroker_runtime::store::{Entry as Stored, Store};
use bodybroker_runtime::testing::history::{Answer, Ask, History};
use bodybroker_runtime::{Connection, Result, Status};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio_util::sync::CancellationToken;

use super::{Load, Reads};
use crate::api::chaos::v1::{REGISTERS_BUCKET, Register};
use crate::ledger::{Entry, Kind, Ledger, Told};

mod steps;

/// Registers that clients fight over.
pub(super) const REGISTERS: usize = 3;
/// A register is left alone after this time, so that no history gets too long to judge.
const EPOCH: Duration = Duration::from_secs(15);

/// The key of a register at this time.
pub(super) fn key(began: Instant, register: usize) -> String {
    format!("register-{}-{register}", began.elapsed().as_secs() / EPOCH.as_secs())
}

/// Pause between two swaps of one lane.
const PAUSE: Duration = Duration::from_millis(15);

/// A client that reads registers and replaces what it has read, if nobody else is faster.
#[derive(Debug)]
pub(super) struct Swaps {
    client: usize,
    first: u64,
    store: Store<Register>,
    ledger: Ledger,
    history: History,
    reads: Reads,
    random: SmallRng,
}

impl Swaps {
    pub(super) fn new(
        client: usize,
        lane: usize,
        connection: &Connection,
        load: &Load,
        reads: Reads,
        seed: u64,
    ) -> Result<Self> {
        let first = super::first_id(client, lane);
        Ok(Self {
            client,
            first,
            store: connection.store(&REGISTERS_BUCKET)?,
            ledger: load.ledger.clone(),
            history: load.history.clone(),
            reads,
            random: SmallRng::seed_from_u64(seed ^ first),
        })
    }

    pub(super) async fn run(mut self, stop: CancellationToken) {
        let began = Instant::now();
        for id in (self.first..).take_while(|_| !stop.is_cancelled()) {
            let key = key(began, self.random.random_range(0..REGISTERS));
            if let Ok(found) = self.read(&key).await {
                self.swap(&key, found, id).await;
            }
            self.pause().await;
        }
    }

    async fn pause(&mut self) {
        let pause = PAUSE.mul_f64(self.random.random_range(0.5..1.5));
        tokio::time::sleep(pause).await;
    }

    async fn read(&self, key: &str) -> Result<Option<Stored<Register>>> {
        let reading = self.history.begin(key, self.first, Ask::Read);
        let found = match self.reads {
            Reads::Plain => self.store.get(key).await,
            Reads::Linearizable => self.store.get_linearizable(key).await,
        };
        reading.end(match &found {
            Ok(found) => Answer::Value(found.as_ref().map(|found| found.value.value)),
            Err(_) => Answer::Failed,
        });
        found
    }

    async fn swap(&self, key: &str, found: Option<Stored<Register>>, id: u64) {
        let expect = found.as_ref().map(|found| found.value.value);
        let swapping = self.history.begin(key, self.first, Ask::Swap { expect, to: id });
        let began = Instant::now();
        let value = Register { value: id };
        let swapped: Result<u64, Status> = match found {
            Some(found) => self.store.update(key, &value, found.revision).await,
            None => self.store.create(key, &value).await,
        };
        let told = Told::of(&swapped);
        swapping.end(match told {
            Told::Acknowledged => Answer::Swapped,
            Told::Refused(_) => Answer::Refused,
            Told::Failed(_) => Answer::Failed,
            Told::Unknown(_) => Answer::Unknown,
        });
        let (kind, client, ended) = (Kind::Swap, self.client, Instant::now());
        self.ledger.note(Entry { kind, client, id, began, ended, told });
    }
}
