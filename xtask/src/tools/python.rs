//! The Python environment: packages of other people that the tests and the benchmark run.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use super::{is_stamped, pip, stamp};
use crate::ui;

/// A Python that finds the packages wherever the workspace lies.
const WRAPPER: &str = "\
#!/bin/sh
# Python with the packages of xtask/tools/requirements.txt.
tools=$(cd \"$(dirname \"$0\")/../..\" && pwd)
PYTHONPATH=\"$tools/python\" PYTHONDONTWRITEBYTECODE=1 exec python3 \"$@\"
";

/// Installs the packages of `requirements.txt` if they aren't there, and `.tools/venv/bin/python`, which sees them.
///
/// Into a folder of their own rather than a virtual environment: Debian splits off the module that makes those.
pub(super) fn install(root: &Path) -> anyhow::Result<()> {
    let packages = root.join(".tools/python");
    let program = root.join(".tools/venv/bin/python");
    if !is_stamped(root, "python") || !program.is_file() {
        let spinner = ui::spinner("installing Python packages");
        pip::remove(&packages)?;
        fs::create_dir_all(&packages)?;
        let mut install = pip::python();
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.args(["--only-binary", ":all:", "--target"]).arg(&packages);
        install.arg("-r").arg(root.join("xtask/tools/requirements.txt"));
        pip::run(&mut install).context("the Python packages can't be installed")?;
        fs::create_dir_all(root.join(".tools/venv/bin"))?;
        fs::write(&program, WRAPPER)?;
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        stamp(root, "python")?;
        spinner.finish_and_clear();
    }
    Ok(())
}
