//! Which keys a command has for sensitive fields.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use bodybroker_runtime::seal::{Keyring, Protection, Sealing, key_line};
use zeroize::Zeroizing;

use crate::server::Server;

/// The keys to use.
#[derive(Debug, clap::Args)]
pub(crate) struct Keys {
    /// File of keys, to seal sensitive fields with and to show them; without it, that of `cargo xtask up` for what it runs
    #[arg(long, env = "BB_KEYS", value_name = "FILE")]
    keys: Option<PathBuf>,
}

impl Keys {
    /// Reads the keys; `None` where there are none. What comes in the clear is taken all the same: whoever types commands
    /// looks at systems of every kind.
    pub(crate) fn protection(
        &self,
        root: &Path,
        server: &Server,
    ) -> anyhow::Result<Option<Protection>> {
        let ours = Some(of_up(root)).filter(|file| server.is_ours() && file.is_file());
        let Some(file) = self.keys.clone().or(ours) else { return Ok(None) };
        let keys = Keyring::open(file).map_err(|status| anyhow::anyhow!("{}", status.message()))?;
        Ok(Some(Protection::new(keys).sealing(Sealing::Lenient)))
    }
}

/// Where the key of `cargo xtask up` is.
fn of_up(root: &Path) -> PathBuf {
    root.join("target/up.keys")
}

/// The key of `cargo xtask up`, made if it isn't there. It stays, as what is stored may be sealed with it.
pub(crate) fn prepare(root: &Path) -> anyhow::Result<PathBuf> {
    let file = of_up(root);
    if !file.is_file() {
        let folder = root.join("target");
        fs::create_dir_all(&folder).with_context(|| format!("no folder {}", folder.display()))?;
        // Written beside and put in place whole: several systems may start at once, and the first one's key is everyone's.
        let beside =
            tempfile::TempDir::new_in(&folder).context("no temporary folder can be made")?;
        let fresh = beside.path().join("keys");
        add(&fresh, "development")?;
        match fs::hard_link(&fresh, &file) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("{} can't be written", file.display()));
            }
            _ => {}
        }
    }
    Ok(file)
}

/// Adds a key to the end of a file, which only its owner may read if it is new.
pub(crate) fn add(file: &Path, id: &str) -> anyhow::Result<()> {
    let unwritable = || format!("{} can't be written", file.display());
    let line = line(id)?;
    let text = match fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.with_context(|| format!("{} can't be read", file.display()))?,
    };
    let text = Zeroizing::new(text);
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    // Judged as it will be, so that nobody finds a file that can't be used.
    let whole = Zeroizing::new(format!("{}{gap}{}\n", *text, *line));
    if let Err(refused) = Keyring::parse(&whole) {
        let has_it = Keyring::parse(&text).is_ok_and(|there| there.ids().iter().any(|it| it == id));
        anyhow::ensure!(!has_it, "{} has a key `{id}`", file.display());
        anyhow::bail!("{}: {}", file.display(), refused.message());
    }
    let mut out = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)
        .with_context(unwritable)?;
    writeln!(out, "{gap}{}", *line).with_context(unwritable)
}

/// Makes a key, as a line of a file.
pub(crate) fn line(id: &str) -> anyhow::Result<impl std::ops::Deref<Target = String>> {
    key_line(id).map_err(|why| anyhow::anyhow!("`{id}` is no id: {why}"))
}
