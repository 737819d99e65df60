//! Keys that change while a process runs.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::keys::Keys;
use crate::status::{Result, Status};

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Least time between two looks, however often a key is missing.
const PAUSE: Duration = Duration::from_millis(200);

/// Keys, from a file that is looked at again and again, or for good. Cheap to clone; the clones are one ring.
#[derive(Clone)]
pub struct Keyring(Arc<Inner>);

struct Inner {
    keys: RwLock<Arc<Keys>>,
    file: Option<File>,
    missing: Notify,
}

struct File {
    path: PathBuf,
    /// Hash of the text that was read last, whether or not it was taken.
    seen: Mutex<blake3::Hash>,
}

impl Keyring {
    /// Reads a file of keys: one a line, an id and 32 bytes in base 64; `#` begins a comment. The first key seals, and
    /// all open.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` naming the line when the file can't be read or isn't one of keys.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let text = read(&path).map_err(Status::invalid_argument)?;
        let keys = Keys::parse(&text).map_err(|why| refused(&path, &why))?;
        let seen = Mutex::new(blake3::hash(text.as_bytes()));
        Ok(Self::of(keys, Some(File { path, seen })))
    }

    /// Takes keys from a text, for good.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` naming the line when they are none.
    pub fn parse(text: &str) -> Result<Self> {
        let keys = Keys::parse(text).map_err(Status::invalid_argument)?;
        Ok(Self::of(keys, None))
    }

    /// Makes a ring of one key that nobody else has, for tests.
    #[must_use]
    pub fn random() -> Self {
        Self::of(Keys::random(), None)
    }

    fn of(keys: Keys, file: Option<File>) -> Self {
        let keys = RwLock::new(Arc::new(keys));
        Self(Arc::new(Inner { keys, file, missing: Notify::new() }))
    }

    /// Ids of the keys, that of the one that seals first.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.current().ids().map(str::to_owned).collect()
    }

    /// Reads the file again, and tells whether the keys are others now. Those there were stay when it is no file of keys.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` when the file can't be read, or is another since it was last looked at and isn't one of keys.
    pub fn refresh(&self) -> Result<bool> {
        let Some(File { path, seen }) = &self.0.file else { return Ok(false) };
        let text = read(path).map_err(Status::invalid_argument)?;
        let hash = blake3::hash(text.as_bytes());
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *seen, hash) == hash {
            return Ok(false);
        }
        let keys = Keys::parse(&text).map_err(|why| refused(path, &why))?;
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(true)
    }

    /// Looks at the file for ever: every two seconds, and soon after a key was missing.
    pub(crate) async fn watch(self) {
        if self.0.file.is_none() {
            return;
        }
        let mut failing = false;
        loop {
            tokio::time::sleep(PAUSE).await;
            let _ = tokio::time::timeout(LOOK, self.0.missing.notified()).await;
            let ring = self.clone();
            let outcome = match tokio::task::spawn_blocking(move || ring.refresh()).await {
                Ok(Ok(false)) => {
                    failing = false;
                    continue;
                }
                Ok(Ok(true)) => {
                    tracing::info!(keys = ?self.ids(), "the keys were read again");
                    failing = false;
                    "loaded"
                }
                // A file that is gone is told of once.
                Ok(Err(_)) if failing => continue,
                Ok(Err(status)) => {
                    tracing::error!(%status, keys = ?self.ids(), "the keys stay as they were");
                    failing = true;
                    "refused"
                }
                // The runtime ends.
                Err(_) => return,
            };
            metrics::counter!("bb_keys_reloads_total", "outcome" => outcome).increment(1);
        }
    }

    /// Says that a key is missing, which the file may have by now.
    pub(super) fn look_again(&self) {
        self.0.missing.notify_one();
    }

    pub(super) fn current(&self) -> Arc<Keys> {
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(path: &Path) -> std::result::Result<Zeroizing<String>, String> {
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    text.map_err(|error| format!("the file of keys {} can't be read: {error}", path.display()))
}

fn refused(path: &Path, why: &str) -> Status {
    Status::invalid_argument(format!("{} is no file of keys: {why}", path.display()))
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keyring").field(&self.current()).finish()
    }
}
