//! Programs that the system's packages have.

use std::process::Command;

use super::pip;
use crate::ui;

/// Installs a program's package of the same name unless the program is on the path.
pub(super) fn install(program: &str) -> anyhow::Result<()> {
    if Command::new(program).arg("--version").output().is_ok() {
        return Ok(());
    }
    let spinner = ui::spinner(format!("installing {program}"));
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--quiet", "--no-install-recommends", program]);
    // The tests start servers of their own.
    install.env("DEBIAN_FRONTEND", "noninteractive").env("RUNLEVEL", "1");
    let done = pip::run(&mut install);
    spinner.finish_and_clear();
    done.map_err(|error| {
        anyhow::anyhow!("{program} can't be installed, put it on PATH (Debian: `apt install {program}`): {error}")
    })
}
