//! The Python environment: packages of other people that the tests and the benchmark run.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::{is_stamped, pip, stamp};
use crate::ui;

/// A Python with the pinned packages.
#[derive(Debug)]
pub(crate) struct Python {
    packages: PathBuf,
}

impl Python {
    /// Where the packages are, for `PYTHONPATH`.
    pub(crate) fn packages(&self) -> &Path {
        &self.packages
    }
}

/// Installs the packages of `requirements.txt` if they aren't there.
///
/// Into a folder of their own rather than a virtual environment: Debian splits off the module that makes those.
pub(super) fn install(root: &Path) -> anyhow::Result<Python> {
    let packages = root.join(".tools/python");
    if !is_stamped(root, "python") {
        let spinner = ui::spinner("installing Python packages");
        pip::remove(&packages)?;
        fs::create_dir_all(&packages)?;
        let mut install = pip::python();
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.args(["--only-binary", ":all:", "--target"]).arg(&packages);
        install.arg("-r").arg(root.join("xtask/tools/requirements.txt"));
        pip::run(&mut install).context("the Python packages can't be installed")?;
        stamp(root, "python")?;
        spinner.finish_and_clear();
    }
    Ok(Python { packages })
}
