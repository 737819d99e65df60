//! An instance: a process of its own.

use anyhow::Context as _;
use bodybroker_runtime::connection::Options;
use bodybroker_runtime::{Connection, Context, Result};

use super::order::Seen;
use super::worker::Workers;
use crate::generated::bench::v1::{SpikeService, WorkRequest, WorkResponse};
use crate::role;

struct Instance(Workers);

impl SpikeService for Instance {
    async fn work(&self, context: &Context, _: WorkRequest) -> Result<WorkResponse> {
        self.0.work().await;
        Ok(WorkResponse { attempt: context.attempt() })
    }
}

/// Serves, tells at each line what it has seen, and drains when there are no more.
pub(super) async fn serve(url: String) -> anyhow::Result<()> {
    let connection = Connection::connect(Options::new(url, "bench-server")).await?;
    let server = connection.serve(Instance(Workers::start()).into_server()).await?;
    role::ready("")?;
    while tokio::task::spawn_blocking(role::read).await.context("reading panicked")??.is_some() {
        let stats = server.stats();
        let requests = stats.iter().map(|method| method.received).sum();
        role::say(&Seen { requests, shed: stats.iter().map(|method| method.shed).sum() })?;
    }
    server.drain().await;
    connection.close().await;
    Ok(())
}
