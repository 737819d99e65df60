//! A client that isn't ours: a Python script with nats-py and Google's protobuf against a running service.

use std::path::Path;

use anyhow::Context as _;

use crate::server;
use crate::system::{self, Fleet, System};
use crate::tools::Tools;
use crate::ui;

/// Runs the script against a state-manager.
pub(super) fn run(root: &Path, tools: &Tools) -> anyhow::Result<()> {
    ui::note(ui::bold("checking a client in Python"));
    let python = tools.python()?;
    let fleet = Fleet::build(root)?;
    server::block_on(async {
        let mut system = System::start(tools, None).await?;
        fleet.provision(system.url()).await?;
        system.launch(&fleet, "state-manager")?;
        let client = system::client(&system).await?;
        system.ready(&client).await?;
        let status = tokio::process::Command::new("python3")
            .arg(root.join("services/state-manager/tests/interop.py"))
            .arg(system.url())
            .arg(root.join("generated/descriptors.binpb"))
            .env("PYTHONPATH", python.packages())
            .status()
            .await
            .context("python3 does not start")?;
        system.stop().await?;
        anyhow::ensure!(status.success(), "a client in Python does not understand our services");
        Ok(())
    })
}
