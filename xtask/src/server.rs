//! Which NATS server a command speaks to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bodybroker_runtime::Connection;
use bodybroker_runtime::config::Config;
use bodybroker_runtime::durable::Dial;
use bodybroker_runtime::seal::Protection;

/// The server to speak to.
#[derive(Debug, clap::Args)]
pub(crate) struct Server {
    /// NATS server; without it, the one that `cargo xtask up` runs
    #[arg(long, env = "BB_NATS_URL", hide_env_values = true, value_name = "URL")]
    url: Option<String>,
}

impl Server {
    /// Whether it is the one that `cargo xtask up` runs.
    pub(crate) fn is_ours(&self) -> bool {
        self.url.is_none()
    }

    /// Finds the URL.
    pub(crate) fn url(&self, root: &Path) -> anyhow::Result<String> {
        if let Some(url) = &self.url {
            return Ok(url.clone());
        }
        named_in(&ready_file(root)).context(
            "nothing runs here; start it with `cargo xtask up`, or name a server with `--url`",
        )
    }

    /// Where the server is, and who we are to it: what the environment says to a service, unless `up` runs the server.
    fn config(&self, root: &Path) -> anyhow::Result<Config> {
        let url = self.url(root)?;
        let of_service = if self.is_ours() { Config::at("") } else { Config::from_env()? };
        Ok(Config { url, connections: 1, provision: false, ..of_service })
    }

    /// Connects as services do.
    pub(crate) async fn join(
        &self,
        root: &Path,
        protection: Protection,
    ) -> anyhow::Result<Connection> {
        join(self.config(root)?, protection).await
    }

    /// Connects as a client of NATS that knows nothing of services.
    pub(crate) async fn connect(&self, root: &Path) -> anyhow::Result<async_nats::Client> {
        connect(self.config(root)?).await
    }
}

/// Name of our connections, for people who look at the server.
const NAME: &str = "xtask";

/// Connects as services do.
pub(crate) async fn join(config: Config, protection: Protection) -> anyhow::Result<Connection> {
    let joining = Connection::connect(config.options(NAME).protection(protection));
    joining.await.with_context(|| format!("no NATS server answers at {}", config.url))
}

/// Connects as a client of NATS that knows nothing of services.
pub(crate) async fn connect(config: Config) -> anyhow::Result<async_nats::Client> {
    let Config { url, auth, tls, .. } = config;
    let (name, inbox_prefix) = (NAME.to_owned(), "_INBOX".to_owned());
    let dial = Dial { url, name, inbox_prefix, auth, tls, provision: false };
    let connecting = dial.options()?.connect(dial.servers()?);
    connecting.await.with_context(|| format!("no NATS server answers at {}", dial.url))
}

/// Where `up` says that everything is ready, for the other commands.
pub(crate) fn ready_file(root: &Path) -> PathBuf {
    root.join("target/up.ready")
}

/// The server that a file names which `up` has written.
pub(crate) fn named_in(ready_file: &Path) -> Option<String> {
    let text = fs::read_to_string(ready_file).ok()?;
    text.lines().next().map(str::to_owned)
}

/// Runs an async command.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("the async runtime does not start")?.block_on(future)
}
