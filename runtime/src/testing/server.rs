//! A `nats-server` process that belongs to one test.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::binary;
use super::process::Process;
use crate::status::{Result, Status};

/// A real server on a port of its own with JetStream in a folder of its own; both are gone when it is dropped.
#[derive(Debug)]
pub struct NatsServer {
    /// Ends before the folder that it writes into.
    process: Process,
    folder: TempDir,
    port: u16,
    route_port: u16,
    config: String,
}

impl NatsServer {
    /// Starts a server and waits until it accepts clients.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when there is no server program, or when it doesn't start: its log is in the message.
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// Prepares a server that needs more than the defaults.
    #[must_use]
    pub fn builder() -> NatsServerBuilder {
        NatsServerBuilder::default()
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// The port that clients connect to; a restart keeps it.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port that other servers of a cluster connect to; 0 without a cluster. A restart keeps it.
    #[must_use]
    pub(super) fn route_port(&self) -> u16 {
        self.route_port
    }

    /// The server's own folder, for certificates and the like.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }

    /// Kills the server as a power cut would: with SIGKILL. Does nothing when it is down already.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts the server again, killing it first if need be, on the same port and the same store.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn restart(&mut self) -> Result<()> {
        self.kill();
        self.spawn().await
    }

    /// Whether the process runs, or is paused.
    #[must_use]
    pub fn is_up(&mut self) -> bool {
        self.process.is_up()
    }

    /// Completes when the process has ended by itself, as after [`NatsServer::lame_duck`].
    pub async fn ended(&mut self) {
        while self.is_up() {
            tokio::time::sleep(POLL).await;
        }
        self.kill();
    }

    /// Stops the process without ending it: connections stay open and silent.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets a paused process go on.
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }

    /// Asks the server to send its clients away and stop (SIGUSR2).
    pub fn lame_duck(&self) {
        self.process.signal(Signal::USR2);
    }

    async fn spawn(&mut self) -> Result<()> {
        let program = binary::find()?;
        let folder = self.folder.path();
        let port = port_or_any(self.port);
        let mut command = Command::new(&program);
        command.args(["-a", "127.0.0.1", "-p", &port, "-js"]);
        command.arg("-sd").arg(folder.join("store"));
        command.arg("--ports_file_dir").arg(folder);
        command.arg("-l").arg(folder.join(LOG));
        if !self.config.is_empty() {
            let route_port = port_or_any(self.route_port);
            let config = self.config.replace(ROUTE_PORT, &route_port);
            fs::write(folder.join(CONFIG), config).map_err(|error| unwritable(&error))?;
            command.arg("-c").arg(folder.join(CONFIG));
        }
        // A configuration that doesn't parse is complained about before the log is open.
        let complaints = File::options().create(true).append(true).open(folder.join(LOG));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(complaints.map_err(|error| unwritable(&error))?);
        let child = command.spawn().map_err(|error| {
            Status::failed_precondition(format!("{} does not start: {error}", program.display()))
        })?;
        let ports = folder.join(format!("nats-server_{}.ports", child.id()));
        self.process = Process::new(child);
        (self.port, self.route_port) = self.ready(&ports).await?;
        Ok(())
    }

    /// Waits for the file that the server writes once it listens.
    async fn ready(&mut self, ports: &Path) -> Result<(u16, u16)> {
        let start = Instant::now();
        loop {
            let text = fs::read_to_string(ports).unwrap_or_default();
            if let Some(port) = listed_port(&text, "nats") {
                return Ok((port, listed_port(&text, "cluster").unwrap_or_default()));
            }
            if !self.process.is_up() || start.elapsed() > START_MAX {
                self.kill();
                let log = self.log();
                return Err(Status::failed_precondition(format!(
                    "nats-server did not start: {log}"
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

/// How a [`NatsServer`] is to start.
#[derive(Debug, Clone, Default)]
pub struct NatsServerBuilder {
    config: String,
    files: Vec<(String, Vec<u8>)>,
}

impl NatsServerBuilder {
    /// Adds text to the server's configuration, such as accounts, permissions or TLS. `$FOLDER` in it
    /// becomes the server's own folder.
    #[must_use]
    pub fn config(mut self, text: &str) -> Self {
        self.config.push_str(text);
        self.config.push('\n');
        self
    }

    /// Puts a file into the server's folder.
    #[must_use]
    pub fn file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// Starts the server and waits until it accepts clients.
    ///
    /// # Errors
    /// As [`NatsServer::start`].
    pub async fn start(self) -> Result<NatsServer> {
        let folder = TempDir::with_prefix("bodybroker-").map_err(|error| unwritable(&error))?;
        for (name, content) in &self.files {
            fs::write(folder.path().join(name), content).map_err(|error| unwritable(&error))?;
        }
        let config = self.config.replace("$FOLDER", &folder.path().display().to_string());
        let mut server =
            NatsServer { folder, process: Process::default(), port: 0, route_port: 0, config };
        server.spawn().await?;
        Ok(server)
    }
}

const LOG: &str = "server.log";
const CONFIG: &str = "server.conf";
/// Where a cluster's configuration says which port the server has chosen for routes.
pub(super) const ROUTE_PORT: &str = "$ROUTE_PORT";
const START_MAX: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(5);

/// Port as the server is told it: the one that it had, or any.
fn port_or_any(port: u16) -> String {
    if port == 0 { "-1".to_owned() } else { port.to_string() }
}

/// Reads a port out of `{"nats":["nats://127.0.0.1:41233"], ...}`.
fn listed_port(ports: &str, kind: &str) -> Option<u16> {
    let (_, rest) = ports.split_once(&format!("\"{kind}\""))?;
    let (urls, _) = rest.split_once(']')?;
    let digits: String =
        urls.rsplit(':').next()?.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn unwritable(error: &std::io::Error) -> Status {
    Status::failed_precondition(format!("the server's folder can't be written: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_read_from_the_ports_file() {
        let text = r#"{"nats": ["nats://127.0.0.1:41233"],"cluster":["nats://127.0.0.1:8222"]}"#;
        assert_eq!(listed_port(text, "nats"), Some(41233));
        assert_eq!(listed_port(text, "cluster"), Some(8222));
        assert_eq!(listed_port("{", "nats"), None);
    }

    #[tokio::test]
    async fn a_restart_keeps_the_port() -> Result<()> {
        let mut server = NatsServer::start().await?;
        let port = server.port();
        server.restart().await?;
        assert_eq!(server.port(), port);
        Ok(())
    }

    #[tokio::test]
    async fn a_configuration_that_does_not_parse_shows_the_log() {
        let failure = NatsServer::builder().config("max_payload: maybe").start().await;
        assert!(failure.unwrap_err().message().contains("server.conf:1"));
    }
}
