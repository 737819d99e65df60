//! Asking git.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};

/// What git tells its hooks: it would hold for every repository.
const HOOK: &[&str] = &["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"];

/// Prepares a command for the repository around a folder.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(args).env("LC_ALL", "C");
    for name in HOOK {
        command.env_remove(name);
    }
    command
}

/// Asks something; the answer is without blanks around it.
pub(crate) fn ask(folder: &Path, args: &[&str]) -> anyhow::Result<String> {
    let output = command(folder, args).output().context("git does not start")?;
    let error = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {}: {}", args[0], error.trim());
    let text = String::from_utf8(output.stdout).context("git answers with other than text")?;
    Ok(text.trim().to_owned())
}

/// Finds the commit that a name stands for.
pub(crate) fn commit(folder: &Path, name: &str) -> Option<String> {
    let name = format!("{name}^{{commit}}");
    ask(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).ok()
}
