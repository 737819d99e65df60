//! What keeps a cluster busy.

use std::time::{Duration, Instant};

use bodybroker_runtime::testing::history::History;
use bodybroker_runtime::{Connection, Result, Status};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::outcome::Outcome;
use crate::stage::{Stage, connect};

mod looks;
mod notes;
mod swaps;

/// Clients that append events and swap the values of registers, one or two in a step, without pause.
#[derive(Debug)]
pub struct Load {
    /// What they were told.
    pub ledger: Ledger,
    /// What they were told about registers.
    pub history: History,
    /// What they were shown beside it by reads that prove nothing.
    pub looks: History,
    connections: Vec<Connection>,
    stop: CancellationToken,
    clients: JoinSet<()>,
}

/// Which server a client talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Any: it goes elsewhere when one is gone.
    All,
    /// One, whatever becomes of it.
    One,
}

/// How clients read what they replace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// As whoever believes to lead the bucket tells it.
    Plain,
    /// As it is; others look as with [`Reads::Plain`] meanwhile.
    Linearizable,
}

/// Clients, one or more for each server.
const CLIENTS: usize = 3;
/// Appends that a client has under way.
const APPENDS: usize = 4;
/// Swaps that a client has under way.
const SWAPS: usize = 2;
/// An operation that takes longer hangs.
const OPERATION_MAX: Duration = Duration::from_secs(20);
/// Time in which a healthy cluster takes operations again.
const RECOVERY_MAX: Duration = Duration::from_mins(1);
/// Pause between looks at the ledger.
const LOOK: Duration = Duration::from_millis(20);

impl Load {
    /// Starts the clients, and waits until each has been told a success of each kind.
    pub async fn start(stage: &Stage, reach: Reach, reads: Reads, seed: u64) -> Result<Self> {
        let mut load = Self {
            ledger: Ledger::default(),
            looks: History::new(),
            history: History::new(),
            connections: Vec::new(),
            stop: CancellationToken::new(),
            clients: JoinSet::new(),
        };
        for client in 0..CLIENTS {
            let url = match reach {
                Reach::All => stage.cluster.url(),
                Reach::One => stage.cluster.url_of(client % stage.cluster.len()),
            };
            let connection = connect(&url, &format!("client-{client}")).await?;
            for lane in 0..APPENDS {
                let notes = notes::Notes::new(client, lane, &connection, load.ledger.clone());
                load.clients.spawn(notes.run(load.stop.clone()));
            }
            for lane in 0..SWAPS {
                let swaps = swaps::Swaps::new(client, lane, &connection, &load, reads, seed)?;
                load.clients.spawn(swaps.run(load.stop.clone()));
            }
            let steps = swaps::Swaps::new(client, SWAPS, &connection, &load, reads, seed)?;
            load.clients.spawn(steps.run_in_steps(load.stop.clone()));
            if reads == Reads::Linearizable {
                let looks = looks::Looks::new(client, &connection, &load)?;
                load.clients.spawn(looks.run(load.stop.clone()));
            }
            load.connections.push(connection);
        }
        load.recovered(Instant::now(), |_| true).await?;
        Ok(load)
    }

    /// Waits until every client of interest has succeeded with an operation of each kind that it began after a moment;
    /// tells how long that took.
    pub async fn recovered(
        &self,
        since: Instant,
        client: impl Fn(usize) -> bool,
    ) -> Result<Duration> {
        loop {
            if let Some(time) = self.recovery(since, &client) {
                return Ok(time);
            }
            if since.elapsed() > RECOVERY_MAX {
                return Err(Status::unavailable("no operation succeeds within a minute"));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Lets some time pass.
    pub async fn go_on(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    /// Stops the clients once what they have begun is over.
    pub async fn finish(&mut self, outcome: &mut Outcome) {
        self.stop.cancel();
        while self.clients.join_next().await.is_some() {}
        for connection in self.connections.drain(..) {
            connection.close().await;
        }
        let entries = self.ledger.entries();
        outcome.count(&entries);
        let longest = entries.iter().map(|entry| entry.ended - entry.began).max();
        let longest = longest.unwrap_or_default();
        outcome.note(format!("longest operation {longest:.1?}"));
        outcome.must(longest < OPERATION_MAX, format!("an operation hung for {longest:.1?}"));
    }

    fn recovery(&self, since: Instant, client: &impl Fn(usize) -> bool) -> Option<Duration> {
        let mut longest = Duration::ZERO;
        for of in (0..CLIENTS).filter(|of| client(*of)) {
            for kind in [Kind::Note, Kind::Swap] {
                let about = |entry: &Entry| entry.kind == kind && entry.client == of;
                longest = longest.max(self.ledger.recovery(since, about)?);
            }
        }
        Some(longest)
    }
}

impl Outcome {
    /// Counts operations by what was told.
    pub fn count(&mut self, entries: &[Entry]) {
        self.sent += entries.len();
        for entry in entries {
            match entry.told {
                Told::Acknowledged => self.acknowledged += 1,
                Told::Refused(_) => self.refused += 1,
                Told::Failed(_) => self.failed += 1,
                Told::Unknown(_) => self.unknown += 1,
            }
        }
    }
}

/// The first of the ids that one lane of one client gives out.
fn first_id(client: usize, lane: usize) -> u64 {
    ((client as u64 + 1) << 48) | ((lane as u64) << 40)
}
