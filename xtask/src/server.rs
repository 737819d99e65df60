//! Which NATS server a command speaks to.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

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
        let ready = fs::read_to_string(ready_file(root)).ok();
        let url = ready.as_deref().and_then(|text| text.lines().next()).map(str::to_owned);
        url.context(
            "nothing runs here; start it with `cargo xtask up`, or name a server with `--url`",
        )
    }

    /// Connects as the tool that it is: without a service's name.
    pub(crate) async fn connect(&self, root: &Path) -> anyhow::Result<async_nats::Client> {
        connect(&self.url(root)?).await
    }
}

/// Connects to a server.
pub(crate) async fn connect(url: &str) -> anyhow::Result<async_nats::Client> {
    let options = async_nats::ConnectOptions::new().name("xtask");
    options.connect(url).await.with_context(|| format!("no NATS server answers at {url}"))
}

/// Where `up` says that everything is ready, for the other commands.
pub(crate) fn ready_file(root: &Path) -> PathBuf {
    root.join("target/up.ready")
}

/// Runs an async command.
pub(crate) fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.context("the async runtime does not start")?.block_on(future)
}
