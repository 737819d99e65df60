//! Where a fault happens: a cluster with the streams in it.

use bodybroker_runtime::connection::Options;
use bodybroker_runtime::durable::{Limits, StreamConfig};
use bodybroker_runtime::provision::Provisioner;
use bodybroker_runtime::testing::Cluster;
use bodybroker_runtime::{Connection, Result};

use crate::api::chaos::v1::{REGISTERS_BUCKET, STREAMS};

/// The stream of events.
pub const NOTES: &str = "NOTES";
/// The stream behind the bucket of registers.
pub const REGISTERS: &str = "KV_registers";
/// The stream of events that nobody could handle.
pub const DEAD_LETTERS: &str = "DLQ";

/// A cluster with the streams in it, and an observer whom no fault concerns.
#[derive(Debug)]
pub struct Stage {
    /// The servers.
    pub cluster: Cluster,
}

/// Every revision of a register is kept: the audit wants to see them all.
const REVISIONS_MAX: u32 = 1_000_000;

impl Stage {
    /// Starts three servers.
    pub async fn start() -> Result<Self> {
        Self::start_with("").await
    }

    /// Starts three servers with further configuration.
    pub async fn start_with(config: &str) -> Result<Self> {
        let cluster = Cluster::start_with(3, config).await?;
        let stage = Self { cluster };
        let provisioner = connect(&stage.cluster.url(), "provisioner").await?;
        let registers = StreamConfig {
            limits: Limits { bytes: None, messages_per_subject: Some(REVISIONS_MAX) },
            ..StreamConfig::of_bucket(&REGISTERS_BUCKET)
        };
        provisioner.durable().provision(&registers).await?;
        let letters = StreamConfig { replicas: 3, ..StreamConfig::of_dead_letters() };
        provisioner.durable().provision(&letters).await?;
        Provisioner::new().streams(STREAMS).apply(&provisioner).await?;
        provisioner.close().await;
        Ok(stage)
    }

    /// Connects to all servers.
    pub async fn connect(&self, name: &str) -> Result<Connection> {
        connect(&self.cluster.url(), name).await
    }

    /// Waits until every server has all of every stream, and they can be read.
    pub async fn replicated(&self) -> Result<()> {
        // Who reads needs a consumer, and those are made by the leader of the cluster.
        self.cluster.ready().await?;
        for stream in [NOTES, REGISTERS, DEAD_LETTERS] {
            self.cluster.replicated(stream).await?;
        }
        Ok(())
    }
}

/// Connects to servers.
pub async fn connect(url: &str, name: &str) -> Result<Connection> {
    Connection::connect(Options::new(url, name)).await
}
