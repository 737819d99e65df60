//! The line that the workspace's manifest needs for each generated crate.

use std::path::Path;

use bodybroker_codegen::emit::Files;

use super::{OUTPUT, read};

/// Lines that `[workspace.dependencies]` lacks.
pub(super) fn missing(root: &Path, files: &Files) -> anyhow::Result<Vec<String>> {
    let manifest = read(&root.join("Cargo.toml"))?;
    let crates = files.iter().filter_map(|(path, content)| {
        let folder = path.strip_suffix("/Cargo.toml")?;
        let text = std::str::from_utf8(content).ok()?;
        let name =
            text.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))?;
        Some(format!("{name} = {{ path = \"{OUTPUT}/{folder}\" }}"))
    });
    Ok(crates.filter(|line| !manifest.lines().any(|have| have == line)).collect())
}
