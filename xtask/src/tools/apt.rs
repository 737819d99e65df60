//! Programs that the system's packages have.

use std::process::Command;

use anyhow::Context as _;

use crate::ui;

/// Installs a program's package of the same name unless the program is on the path.
pub(super) fn install(program: &str) -> anyhow::Result<()> {
    if Command::new(program).arg("--version").output().is_ok() {
        return Ok(());
    }
    let spinner = ui::spinner(format!("installing {program}"));
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends", program]);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    let output = install.output();
    spinner.finish_and_clear();
    let output = output.with_context(|| format!("there is no apt-get; put {program} on PATH"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.success(),
        "{program} can't be installed; put it on PATH: {}",
        said.trim()
    );
    Ok(())
}
