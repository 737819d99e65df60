//! What a test under `#[test]` is given.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;

use super::NatsServer;
use crate::connection::{Connection, Options};
use crate::event::{Consumers, start_consumers};
use crate::provision::Provisioner;
use crate::seal::{Keyring, Protection};
use crate::server::{IntoService, Server};

/// A server of the test's own and a connection to it. Streams and buckets come into being as they are used, and sensitive
/// fields are sealed with a key of the test's own.
#[derive(Clone)]
pub struct TestEnv(Arc<Inner>);

struct Inner {
    server: AsyncMutex<NatsServer>,
    url: String,
    connection: Connection,
    /// Keys that all of the test's connections have.
    protection: Protection,
    running: Mutex<Vec<(Connection, Server, Consumers)>>,
}

impl TestEnv {
    /// Starts a server and connects.
    ///
    /// # Panics
    /// When there is no server program, or it doesn't start.
    pub async fn start() -> Self {
        let server = NatsServer::start().await.unwrap_or_else(|status| panic!("{status}"));
        let url = server.url();
        let protection = Protection::new(Keyring::random());
        let connection = connect(&url, "test", &protection).await;
        let (server, running) = (AsyncMutex::new(server), Mutex::default());
        Self(Arc::new(Inner { server, url, connection, protection, running }))
    }

    /// Starts a server with the streams and buckets of schemas, as a deployment makes them.
    ///
    /// # Panics
    /// When the server doesn't start, or refuses one of them.
    pub async fn provisioned(provisioner: Provisioner) -> Self {
        let env = Self::start().await;
        let applied = provisioner.allow_fewer_replicas().apply(env.connection()).await;
        applied.unwrap_or_else(|status| panic!("{status}"));
        env
    }

    /// The test's own connection, which clients use.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.0.connection
    }

    /// Another connection.
    ///
    /// # Panics
    /// When the server is down.
    pub async fn connect(&self, service: &str) -> Connection {
        connect(&self.0.url, service, &self.0.protection).await
    }

    /// Where the server is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The server, to kill, restart or pause it.
    #[must_use]
    pub fn server(&self) -> &AsyncMutex<NatsServer> {
        &self.0.server
    }

    /// Serves an instance of a service over a connection of its own, its events included. More than one may run.
    ///
    /// # Panics
    /// When the service doesn't start.
    pub async fn serve<S: IntoService>(
        &self,
        start: impl AsyncFnOnce(&Connection) -> crate::Result<S>,
    ) {
        let connection = self.connect("service-under-test").await;
        let started = async {
            let service = start(&connection).await?.into_service();
            let consumers = start_consumers(&connection, &service).await?;
            Ok::<_, crate::Status>((connection.serve(service).await?, consumers))
        };
        let (server, consumers) =
            started.await.unwrap_or_else(|status| panic!("the service does not start: {status}"));
        self.running().push((connection.clone(), server, consumers));
    }

    /// Drains every service, the last one started first.
    pub async fn drain(&self) {
        let running = std::mem::take(&mut *self.running());
        for (connection, server, consumers) in running.into_iter().rev() {
            consumers.drain().await;
            server.drain().await;
            connection.close().await;
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Server, Consumers)>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TestEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestEnv").field("url", &self.0.url).finish_non_exhaustive()
    }
}

async fn connect(url: &str, service: &str, protection: &Protection) -> Connection {
    let options = Options::new(url, service).provision(true).protection(protection.clone());
    Connection::connect(options).await.unwrap_or_else(|status| panic!("{status}"))
}

/// Runs a test on a runtime of two threads: what `#[test]` expands to.
///
/// # Panics
/// When no runtime can be made, and when the test does.
pub fn run<T>(case: impl AsyncFnOnce(TestEnv) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    runtime.block_on(async {
        let env = TestEnv::start().await;
        case(env).await
    })
}
