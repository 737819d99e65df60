//! Where the workspace is.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

/// Finds the root of the workspace: the one whose `xtask` runs, or the one around the current directory.
pub(crate) fn root() -> anyhow::Result<PathBuf> {
    if let Some(manifest) = std::env::var_os("CARGO_MANIFEST_DIR") {
        let root = Path::new(&manifest).parent().map(Path::to_owned);
        return root.context("the manifest directory has no parent");
    }
    let here = std::env::current_dir().context("the current directory is gone")?;
    let root = here.ancestors().find(|dir| dir.join("xtask/Cargo.toml").is_file());
    root.map(Path::to_owned).context("no workspace here: run `cargo xtask` inside the repository")
}

/// Cargo, in the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    command
}
