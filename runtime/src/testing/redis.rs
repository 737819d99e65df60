//! A `redis-server` process that belongs to one test.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::status::{Result, Status};

/// A real Redis on a port of its own that keeps nothing on disk; gone when it is dropped.
#[derive(Debug)]
pub struct RedisServer {
    folder: TempDir,
    child: Option<Child>,
    port: u16,
    /// The port of its cluster's bus, if it is part of one.
    bus: Option<u16>,
}

const LOG: &str = "redis.log";
const START_MAX: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);
/// Attempts to find a port that nobody else takes meanwhile: Redis can't choose one itself.
const ATTEMPTS: usize = 10;

impl RedisServer {
    /// Starts a server and waits until it accepts clients.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when there is no `redis-server`, or when it doesn't start: its log is in the message.
    pub async fn start() -> Result<Self> {
        Self::prepare(false).await
    }

    /// Starts a server that can be part of a cluster.
    ///
    /// # Errors
    /// As [`RedisServer::start`].
    pub async fn start_node() -> Result<Self> {
        Self::prepare(true).await
    }

    async fn prepare(is_node: bool) -> Result<Self> {
        let folder = TempDir::with_prefix("bodybroker-redis-").map_err(|error| failed(&error))?;
        let mut server = Self { folder, child: None, port: 0, bus: None };
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

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
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
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
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
        self.signal(Signal::STOP);
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let Some(child) = &self.child else { return };
        let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = kill_process(pid, signal);
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
        command.arg("--port").arg(self.port.to_string());
        command.arg("--dir").arg(folder).arg("--logfile").arg(folder.join(LOG));
        if let Some(bus) = self.bus {
            command.args(["--cluster-enabled", "yes", "--cluster-port"]).arg(bus.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().map_err(|error| {
            Status::failed_precondition(format!(
                "redis-server does not start, run `cargo xtask tools`: {error}"
            ))
        })?;
        self.child = Some(child);
        let start = Instant::now();
        while !self.log().contains("Ready to accept connections") {
            let over =
                self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)));
            if over || start.elapsed() > START_MAX {
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

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that is free at the moment.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| failed(&error))?;
    Ok(listener.local_addr().map_err(|error| failed(&error))?.port())
}

fn failed(error: &std::io::Error) -> Status {
    Status::failed_precondition(format!("a server can't be prepared: {error}"))
}
