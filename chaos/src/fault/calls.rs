//! What faults of calls have in common: calls with an effect that a ledger remembers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bodybroker_runtime::testing::NatsServer;
use bodybroker_runtime::{Connection, Result, Status};

use crate::api::chaos::v1::{ActRequest, ChaosClient, ChaosServer, LookRequest};
use crate::ledger::{Entry, Kind, Ledger, Told};
use crate::stage::connect;
use crate::worker::Worker;

/// A server and a worker behind it.
pub(super) struct Pair {
    pub(super) server: NatsServer,
    pub(super) worker: Arc<Worker>,
    pub(super) ledger: Ledger,
}

impl Pair {
    pub(super) async fn start() -> Result<Self> {
        let server = NatsServer::start().await?;
        let worker = Arc::new(Worker::new("worker"));
        let serving = connect(&server.url(), "worker").await?;
        serving.serve(ChaosServer::from(Arc::clone(&worker))).await?;
        Ok(Self { server, worker, ledger: Ledger::default() })
    }

    /// A client with a connection of its own.
    pub(super) async fn caller(&self) -> Result<Caller> {
        let connection = connect(&self.server.url(), "client").await?;
        Ok(self.caller_on(&connection))
    }

    /// A client with this connection.
    pub(super) fn caller_on(&self, connection: &Connection) -> Caller {
        Caller::new(ChaosClient::new(connection), &self.ledger)
    }
}

/// A client whose calls a ledger remembers. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) client: ChaosClient,
    pub(super) ledger: Ledger,
}

impl Caller {
    pub(super) fn new(client: ChaosClient, ledger: &Ledger) -> Self {
        Self { client, ledger: ledger.clone() }
    }

    /// Has something done, in the time that the schema gives or in another.
    pub(super) async fn act(&self, id: u64, work_ms: u32, timeout: Option<Duration>) -> Result<()> {
        let began = Instant::now();
        let call = self.client.act(ActRequest { id, work_ms });
        let result = match timeout {
            Some(timeout) => call.timeout(timeout).await,
            None => call.await,
        };
        self.note(Kind::Act, id, began, &result);
        result.map(|_| ())
    }

    /// Has nothing done.
    pub(super) async fn look(&self, id: u64, work_ms: u32, timeout: Duration) -> Result<()> {
        let began = Instant::now();
        let result = self.client.look(LookRequest { work_ms }).timeout(timeout).await;
        self.note(Kind::Look, id, began, &result);
        result.map(|_| ())
    }

    /// Calls until a call succeeds; tells how long that took since a moment.
    pub(super) async fn recovered(&self, since: Instant) -> Result<Duration> {
        /// A service that doesn't answer for this long won't.
        const MAX: Duration = Duration::from_mins(1);
        /// Pause between calls.
        const PAUSE: Duration = Duration::from_millis(20);
        while self.look(0, 0, Duration::from_secs(2)).await.is_err() {
            if since.elapsed() > MAX {
                return Err(Status::unavailable("no call succeeds within a minute"));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(since.elapsed())
    }

    fn note<T>(&self, kind: Kind, id: u64, began: Instant, result: &Result<T>) {
        let (told, ended) = (Told::of(result), Instant::now());
        self.ledger.note(Entry { kind, client: 0, id, began, ended, told });
    }
}

/// Where a server listens, for a proxy.
pub(super) fn address(server: &NatsServer) -> ([u8; 4], u16) {
    ([127, 0, 0, 1], server.port())
}
