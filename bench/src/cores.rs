//! A current-thread runtime for each core: nothing moves between them, and each has connections of its own.

use std::{iter, thread};

use anyhow::Context as _;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};

use crate::cell::Flavor;
use crate::load::{Driver, Log};
use crate::role;
use crate::sample::Load;

/// Serves on every core for ever; `start` starts that of a core, and returns what keeps it alive.
pub(crate) async fn serve<T>(
    start: impl AsyncFn() -> anyhow::Result<T> + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let (said, mut heard) = mpsc::unbounded_channel();
    for start in iter::repeat_n(start, count()) {
        let said = said.clone();
        thread::spawn(move || {
            role::runtime(Flavor::CurrentThread)?.block_on(async {
                let server = start().await;
                // Nobody listens once another core has failed.
                let _ = said.send(server.as_ref().map(drop).map_err(|error| format!("{error:#}")));
                std::future::pending::<anyhow::Result<()>>().await
            })
        });
    }
    for _ in 0..count() {
        let started = heard.recv().await.context("a core is gone")?;
        started.map_err(anyhow::Error::msg)?;
    }
    role::ready("")?;
    std::future::pending().await
}

/// A driver on every core, among which a round is divided.
pub(crate) struct Cores(Vec<Core>);

struct Core {
    orders: UnboundedSender<Load>,
    rounds: UnboundedReceiver<anyhow::Result<Vec<Log>>>,
}

impl Cores {
    /// Starts; `make` makes the driver of a core.
    pub(crate) fn start<D: Driver>(
        make: impl AsyncFn() -> anyhow::Result<D> + Clone + Send + 'static,
    ) -> Self {
        Self(iter::repeat_n(make, count()).map(Core::start).collect())
    }
}

impl Driver for Cores {
    async fn run(&mut self, load: Load) -> anyhow::Result<Vec<Log>> {
        for (core, share) in self.0.iter().zip(load.divided(self.0.len())) {
            core.orders.send(share).context("a core is gone")?;
        }
        let mut logs = Vec::new();
        for core in &mut self.0 {
            logs.extend(core.rounds.recv().await.context("a core is gone")??);
        }
        Ok(logs)
    }
}

impl Core {
    fn start<D: Driver>(make: impl AsyncFn() -> anyhow::Result<D> + Send + 'static) -> Self {
        let (orders, mut ordered) = mpsc::unbounded_channel();
        let (told, rounds) = mpsc::unbounded_channel();
        thread::spawn(move || {
            role::runtime(Flavor::CurrentThread)?.block_on(async {
                let mut driver = make().await;
                while let Some(load) = ordered.recv().await {
                    let round = match &mut driver {
                        Ok(driver) => driver.run(load).await,
                        Err(error) => Err(anyhow::anyhow!("{error:#}")),
                    };
                    told.send(round)?;
                }
                anyhow::Ok(())
            })
        });
        Self { orders, rounds }
    }
}

fn count() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}
