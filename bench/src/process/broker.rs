//! The real server.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use tempfile::TempDir;

use super::end;
use crate::tools;

/// The NATS server, on a port of its own.
#[derive(Debug)]
pub struct Broker {
    child: Child,
    url: String,
    directory: TempDir,
}

impl Broker {
    /// Starts it.
    pub fn start() -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let mut command = Command::new(tools::program("nats-server")?);
        command.args(["-a", "127.0.0.1", "-p", "-1", "--ports_file_dir"]).arg(directory.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().context("nats-server doesn't start")?;
        let mut broker = Self { child, url: String::new(), directory };
        let ports =
            broker.directory.path().join(format!("nats-server_{}.ports", broker.child.id()));
        for _ in 0..500 {
            if let Some(url) = nats_url(&ports) {
                broker.url = url;
                return Ok(broker);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        anyhow::bail!("nats-server doesn't come up")
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn nats_url(ports: &Path) -> Option<String> {
    let text = std::fs::read_to_string(ports).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    value["nats"][0].as_str().map(str::to_owned)
}
