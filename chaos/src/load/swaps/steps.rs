//! A client that replaces two registers in one step, if nobody else is faster with either.

use std::time::Instant;

use bodybroker_runtime::testing::history::{Answer, Ask};
use rand::RngExt as _;
use tokio_util::sync::CancellationToken;

use super::{REGISTERS, Swaps, key};
use crate::api::chaos::v1::Register;
use crate::ledger::{Entry, Kind, Told};

impl Swaps {
    /// Replaces two registers in each step.
    pub(in crate::load) async fn run_in_steps(mut self, stop: CancellationToken) {
        let began = Instant::now();
        for id in (self.first..).step_by(2).take_while(|_| !stop.is_cancelled()) {
            let left_out = self.random.random_range(0..REGISTERS);
            let keys: Vec<_> =
                (0..REGISTERS).filter(|it| *it != left_out).map(|it| key(began, it)).collect();
            self.step(&keys, id).await;
            self.pause().await;
        }
    }

    /// Replaces what some registers hold by numbers from `id` on.
    async fn step(&self, keys: &[String], id: u64) {
        let (mut step, mut swaps) = (self.store.batch(), Vec::new());
        for (key, to) in keys.iter().zip(id..) {
            let Ok(found) = self.store.get(key).await else { return };
            let value = Register { value: to };
            let expect = found.as_ref().map(|found| found.value.value);
            step = match found {
                Some(found) => step.update(key, &value, found.revision),
                None => step.create(key, &value),
            };
            swaps.push((key, Ask::Swap { expect, to }, to));
        }
        let swaps: Vec<_> = swaps
            .into_iter()
            .map(|(key, ask, to)| (self.history.begin(key, self.first, ask), to))
            .collect();
        let began = Instant::now();
        let told = Told::of(&step.commit().await);
        let (kind, client, ended) = (Kind::Swap, self.client, Instant::now());
        for (swap, id) in swaps {
            swap.end(match told {
                Told::Acknowledged => Answer::Swapped,
                // Which of them was refused doesn't matter: none has happened.
                Told::Refused(_) | Told::Failed(_) => Answer::Failed,
                Told::Unknown(_) => Answer::Unknown,
            });
            let told = told.clone();
            self.ledger.note(Entry { kind, client, id, began, ended, told });
        }
    }
}
