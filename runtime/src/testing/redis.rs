//! A `redis-server` process that belongs to one test.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::process::Process;
use crate::status::{Result, Status};
use crate::tls::Tls;

/// A real Redis on a port of its own that keeps nothing on disk; gone when it is dropped.
#[derive(Debug)]
pub struct RedisServer {
    /// Ends before the folder that it writes into.
    process: Process,
    folder: TempDir,
    port: u16,
    /// The port of its cluster's bus, if it is part of one.
    bus: Option<u16>,
    tls: Option<Tls>,
}

/// How a [`RedisServer`] is to start.
#[derive(Debug, Clone, Default)]
pub struct RedisServerBuilder {
    is_node: bool,
    tls: Option<Tls>,
}

const LOG: &str = "redis.log";
const START_MAX: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);
/// Attempts to find a port that nobody else takes meanwhile: Redis can't choose one itself.
const ATTEMPTS: usize = 10;
/// Time after which nodes of a cluster give up one that is silent, in ms.
const NODE_TIMEOUT_MS: &str = "1000";

impl RedisServer {
    /// Starts a server and waits until it accepts clients.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when there is no `redis-server`, or when it doesn't start: its log is in the message.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// Says how a server is to start.
    #[must_use]
    pub fn builder() -> RedisServerBuilder {
        RedisServerBuilder::default()
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "rediss" } else { "redis" };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// Where it listens. A restart keeps it.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// The port at which other servers of a cluster reach it.
    #[must_use]
    pub fn bus_port(&self) -> Option<u16> {
        self.bus
    }

    /// Kills the server with SIGKILL; what it held is gone. Does nothing when it is down already.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the server again, empty and on the same port, killing it first if need be.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub async fn restart(&mut self) -> Result<()> {
        self.kill();
        self.spawn().await
    }

    /// Stops the process without ending it: connections stay open and silent.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }

    async fn spawn(&mut self) -> Result<()> {
        let folder = self.folder.path();
        // What it logged before would look like this start.
        let _ = fs::remove_file(folder.join(LOG));
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]);
        let port = self.port.to_string();
        match &self.tls {
            None => command.args(["--port", &port]),
            Some(tls) => command.args(["--port", "0", "--tls-port", &port]).args(encrypted(tls)),
        };
        command.arg("--dir").arg(folder).arg("--logfile").arg(folder.join(LOG));
        if let Some(bus) = self.bus {
            command.args(["--cluster-enabled", "yes", "--cluster-node-timeout", NODE_TIMEOUT_MS]);
            command.args(["--repl-diskless-sync-delay", "0"]);
            command.arg("--cluster-port").arg(bus.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| {
            Status::failed_precondition(format!(
                "redis-server does not start, run `cargo xtask tools`: {error}"
            ))
        })?;
        self.process = Process::new(child);
        let start = Instant::now();
        while !self.log().contains("Ready to accept connections") {
            if !self.process.is_up() || start.elapsed() > START_MAX {
                self.kill();
                let log = self.log();
                return Err(Status::failed_precondition(format!(
                    "redis-server did not start: {log}"
                )));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

impl RedisServerBuilder {
    /// Lets the server be part of a cluster.
    #[must_use]
    pub fn node(mut self) -> Self {
        self.is_node = true;
        self
    }

    /// Takes encrypted connections only, from those who show a certificate: its own certificate, and whom it trusts.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Starts the server and waits until it accepts clients.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub async fn start(self) -> Result<RedisServer> {
        let folder = TempDir::with_prefix("bodybroker-redis-").map_err(|error| failed(&error))?;
        let Self { is_node, tls } = self;
        let mut server =
            RedisServer { process: Process::default(), folder, port: 0, bus: None, tls };
        for attempt in 1.. {
            server.port = free_port()?;
            server.bus = if is_node { Some(free_port()?) } else { None };
            match server.spawn().await {
                Err(_) if attempt < ATTEMPTS && server.log().contains("in use") => {}
                Err(status) => return Err(status),
                Ok(()) => break,
            }
        }
        Ok(server)
    }
}

/// What a server is told of its certificates.
fn encrypted(tls: &Tls) -> Vec<OsString> {
    let (certificate, key) = tls.identity.as_ref().map(|(cert, key)| (cert, key)).unzip();
    let files = [
        ("--tls-ca-cert-file", tls.ca.as_ref()),
        ("--tls-cert-file", certificate),
        ("--tls-key-file", key),
    ];
    let given = files.into_iter().filter_map(|(name, file)| Some([name.into(), file?.into()]));
    given.flatten().collect()
}

/// A port that is free at the moment.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| failed(&error))?;
    Ok(listener.local_addr().map_err(|error| failed(&error))?.port())
}

fn failed(error: &std::io::Error) -> Status {
    Status::failed_precondition(format!("a server can't be prepared: {error}"))
}
