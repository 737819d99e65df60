//! A system on this machine: a NATS server, and services as processes of the fleet.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bodybroker_runtime::config::Config;
use tempfile::TempDir;

use crate::server;
use crate::tools::Tools;

mod fleet;
mod process;

pub(crate) use fleet::{Fleet, services};
use process::Process;

/// Services that run, and their server. Everything is killed when it is dropped; [`System::stop`] is the kind way.
#[derive(Debug)]
pub(crate) struct System {
    url: String,
    server: Process,
    services: Vec<Process>,
    folder: TempDir,
}

/// Time that services may take until all answer.
const READY_MAX: Duration = Duration::from_secs(30);
/// Time that a service may take to finish its calls.
const DRAIN_MAX: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

impl System {
    /// Starts a server with JetStream on a port of its own. `store` keeps its data; without, it goes at the end.
    pub(crate) async fn start(tools: &Tools, store: Option<&Path>) -> anyhow::Result<Self> {
        let folder =
            TempDir::with_prefix("bodybroker-").context("no temporary folder can be made")?;
        let store = store.map_or_else(|| folder.path().join("store"), Path::to_owned);
        let log = folder.path().join("nats-server.log");
        let mut command = tokio::process::Command::new(&tools.nats_server);
        command.args(["-a", "127.0.0.1", "-p", "-1", "-js", "-sd"]).arg(&store);
        command.arg("--ports_file_dir").arg(folder.path()).arg("-l").arg(&log);
        let mut server = Process::spawn("nats-server", command, &log)?;

        let ports = folder.path().join(format!("nats-server_{}.ports", server.id()));
        let started = Instant::now();
        let url = loop {
            if let Some(url) = client_url(&ports) {
                break url;
            }
            server.check()?;
            anyhow::ensure!(
                started.elapsed() < READY_MAX,
                "nats-server does not start: {}",
                server.log_tail()
            );
            tokio::time::sleep(POLL).await;
        };
        Ok(Self { url, server, services: Vec::new(), folder })
    }

    /// Where clients connect.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Starts another instance of a service.
    pub(crate) fn launch(&mut self, fleet: &Fleet, service: &str) -> anyhow::Result<()> {
        let number =
            self.services.iter().filter(|process| process.service() == service).count() + 1;
        let name = format!("{service}-{number}");
        let log = self.folder.path().join(format!("{name}.log"));
        let command = fleet.command(service, &self.url);
        self.services.push(Process::spawn(&name, command, &log)?);
        Ok(())
    }

    /// The instances, with their process ids.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, u32)> {
        self.services.iter().map(|process| (process.name(), process.id()))
    }

    /// Completes when every instance answers over discovery; fails when one ends before.
    pub(crate) async fn ready(&mut self, client: &async_nats::Client) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            self.check()?;
            let answering = crate::discovery::count(client, self.services.len()).await?;
            if answering >= self.services.len() {
                return Ok(());
            }
            let silent = self.services.len() - answering;
            anyhow::ensure!(
                started.elapsed() < READY_MAX,
                "{silent} instances do not answer: {}",
                self.logs()
            );
        }
    }

    /// Fails when a process has ended, with the end of its log.
    pub(crate) fn check(&mut self) -> anyhow::Result<()> {
        self.server.check()?;
        self.services.iter_mut().try_for_each(Process::check)
    }

    /// Completes when a process ends by itself; the error says which, and why.
    pub(crate) async fn broken(&mut self) -> anyhow::Error {
        loop {
            if let Err(error) = self.check() {
                return error;
            }
            tokio::time::sleep(POLL * 5).await;
        }
    }

    /// Drains the services, all at once, and stops the server after them.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        for service in &self.services {
            service.terminate();
        }
        let mut failures = Vec::new();
        for service in &mut self.services {
            failures.extend(service.wait(DRAIN_MAX).await.err());
        }
        self.server.terminate();
        // The server's own exit status says nothing about us.
        let _ = self.server.wait(DRAIN_MAX).await;
        failures.into_iter().next().map_or(Ok(()), Err)
    }

    fn logs(&self) -> String {
        let tails = self
            .services
            .iter()
            .map(|service| format!("\n{}: {}", service.name(), service.log_tail()));
        tails.collect()
    }
}

/// Connects to the system's own server.
pub(crate) async fn client(system: &System) -> anyhow::Result<async_nats::Client> {
    server::connect(Config::at(system.url())).await
}

/// Reads the client URL out of the file that the server writes once it listens.
fn client_url(ports: &PathBuf) -> Option<String> {
    let text = std::fs::read_to_string(ports).ok()?;
    let ports: serde_json::Value = serde_json::from_str(&text).ok()?;
    ports["nats"][0].as_str().map(str::to_owned)
}
