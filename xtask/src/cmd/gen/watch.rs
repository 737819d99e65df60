//! `cargo xtask gen --watch`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use super::{is_schema, write};
use crate::ui;

/// Time between two looks: soon enough for a person, cheap enough for a laptop.
const PAUSE: Duration = Duration::from_millis(250);

/// Writes again whenever a schema changes. A mistake in a schema is shown and waited out.
pub(super) fn run(root: &Path) -> anyhow::Result<()> {
    let schemas = root.join("proto");
    let mut seen = BTreeMap::new();
    loop {
        let mut now = BTreeMap::new();
        look(&schemas, &mut now)?;
        if now != seen {
            seen = now;
            if let Err(error) = write(root) {
                ui::error(&error);
            }
            ui::note("watching proto/ (Ctrl-C ends)");
        }
        thread::sleep(PAUSE);
    }
}

fn look(folder: &Path, seen: &mut BTreeMap<PathBuf, Option<SystemTime>>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            look(&path, seen)?;
        } else if is_schema(&path) {
            // An editor may have renamed it since; the next look tells.
            let modified = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
            seen.insert(path, modified);
        }
    }
    Ok(())
}
