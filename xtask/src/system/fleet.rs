//! The fleet: one program that runs any of the services.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use serde::Deserialize;
use tokio::process::Command;

use crate::workspace;

/// The program, built.
#[derive(Debug)]
pub(crate) struct Fleet {
    program: PathBuf,
    /// File of the keys that its services have.
    keys: PathBuf,
}

impl Fleet {
    /// Builds the program. What the compiler says goes to the terminal.
    pub(crate) fn build(root: &Path) -> anyhow::Result<Self> {
        let output = workspace::cargo(root)
            .args([
                "build",
                "--package",
                "fleet",
                "--bin",
                "fleet",
                "--message-format=json-render-diagnostics",
            ])
            .stderr(Stdio::inherit())
            .output()
            .context("cargo does not start")?;
        anyhow::ensure!(output.status.success(), "the services do not build");
        let lines = String::from_utf8_lossy(&output.stdout);
        let program = lines.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
        let program = program.filter_map(|artifact| artifact.executable).next_back();
        let keys = crate::keys::prepare(root)?;
        Ok(Self { program: program.context("cargo built no program")?, keys })
    }

    /// Prepares an instance of a service.
    pub(crate) fn command(&self, service: &str, url: &str) -> Command {
        let mut command = Command::new(&self.program);
        // One server keeps one copy of everything.
        command.arg(service).env("BB_NATS_URL", url).env("BB_WEAK_STORAGE", "true");
        command.env("BB_KEYS", &self.keys);
        command
    }

    /// Creates the streams and buckets of every service; what is there already stays.
    pub(crate) async fn provision(&self, url: &str) -> anyhow::Result<()> {
        let output =
            Command::new(&self.program).arg("provision").env("BB_NATS_URL", url).output().await?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "streams and buckets can't be created: {}",
            said.trim()
        );
        Ok(())
    }
}

#[derive(Deserialize)]
struct Artifact {
    executable: Option<PathBuf>,
}

/// The services of the workspace: every crate in `services/` but the fleet itself. Sorted.
pub(crate) fn services(root: &Path) -> anyhow::Result<Vec<String>> {
    let folder = root.join("services");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).context("services/ can't be read")? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "fleet" && entry.path().join("Cargo.toml").is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
