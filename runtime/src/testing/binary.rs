//! Where the `nats-server` program is.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::status::{Result, Status};

/// Finds a server that is new enough: the workspace's own in `.tools/bin`, else the one on `PATH`.
///
/// # Errors
/// `FAILED_PRECONDITION` with the command that installs one.
pub(super) fn find() -> Result<PathBuf> {
    static FOUND: OnceLock<std::result::Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(search).clone().map_err(Status::failed_precondition)
}

/// Subject transforms on sources came with 2.10.
const OLDEST: (u32, u32) = (2, 10);

fn search() -> std::result::Result<PathBuf, String> {
    let mut refused = String::new();
    for path in candidates() {
        let Some(version) = version(&path) else { continue };
        if version >= OLDEST {
            return Ok(path);
        }
        refused = format!("; {} is version {}.{}", path.display(), version.0, version.1);
    }
    let (major, minor) = OLDEST;
    Err(format!("no nats-server {major}.{minor} or newer found{refused}; run `cargo xtask tools`"))
}

fn candidates() -> Vec<PathBuf> {
    let here = std::env::current_dir().unwrap_or_default();
    let mut paths: Vec<_> =
        here.ancestors().map(|folder| folder.join(".tools/bin/nats-server")).collect();
    paths.push(PathBuf::from("nats-server"));
    paths
}

fn version(path: &PathBuf) -> Option<(u32, u32)> {
    let output = Command::new(path).arg("--version").output().ok()?;
    parse_version(std::str::from_utf8(&output.stdout).ok()?)
}

/// Reads `nats-server: v2.15.1`.
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let (_, version) = text.trim().rsplit_once('v')?;
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_line_is_read() {
        assert_eq!(parse_version("nats-server: v2.15.1\n"), Some((2, 15)));
        assert_eq!(parse_version("something else"), None);
    }
}
