//! Files to disk: the only writer.
//!
//! It leaves an unchanged file alone, its time of modification included; it writes all of the others or none; and it
//! removes files that a generator wrote before and no longer does, never one that somebody else put there.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::emit::{Files, MARKER};

mod change;

pub use change::{Change, Kind};

/// What the name of a file ends with until all are complete.
const STAGED: &str = ".new";

/// What to do about files that differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Write them.
    Write,
    /// Say so and leave them; the caller fails if there is any.
    Check,
}

/// What was found, and done.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Files that differed, sorted by path.
    pub changes: Vec<Change>,
    /// How many did not.
    pub unchanged: usize,
}

impl Report {
    /// Whether everything was as generated.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many changes are of a kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}

/// Brings a folder in line with generated files, or says what differs.
///
/// # Errors
/// When the folder can't be read or written. Nothing has changed then, unless the disk failed while files that were
/// complete already were given their names.
pub fn apply(files: &Files, root: &Path, mode: Mode) -> io::Result<Report> {
    let report = compare(files, root)?;
    if mode == Mode::Write {
        write(files, root, &report)?;
    }
    Ok(report)
}

fn compare(files: &Files, root: &Path) -> io::Result<Report> {
    let mut report = Report::default();
    let mut extra = BTreeSet::new();
    list(root, "", &mut extra)?;
    for (path, new) in files.iter() {
        extra.remove(path);
        match read(&root.join(path))? {
            Some(old) if old == new => report.unchanged += 1,
            Some(old) => report.changes.push(Change::new(path, Kind::Stale, old, new.to_vec())),
            None => report.changes.push(Change::new(path, Kind::Missing, Vec::new(), new.to_vec())),
        }
    }
    for path in extra {
        let old = fs::read(root.join(&path))?;
        // What a run that was killed has left behind need not be complete.
        let staged = path.strip_suffix(STAGED).is_some_and(|path| files.get(path).is_some());
        let kind = if staged || ours(&old) { Kind::Extra } else { Kind::Foreign };
        report.changes.push(Change::new(&path, kind, old, Vec::new()));
    }
    report.changes.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(report)
}

/// Every file below a folder, by its path with `/` between folders. A folder that is missing has none.
fn list(root: &Path, below: &str, found: &mut BTreeSet<String>) -> io::Result<()> {
    let entries = match fs::read_dir(root.join(below)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && below.is_empty() => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            list(root, &path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(naming(path, &error)),
    }
}

/// Whether a generator wrote a file: it says so in its first line.
fn ours(content: &[u8]) -> bool {
    let first = content.split(|&byte| byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(first).contains(MARKER)
}

fn write(files: &Files, root: &Path, report: &Report) -> io::Result<()> {
    let mut staged = Staged::default();
    for change in
        report.changes.iter().filter(|change| matches!(change.kind, Kind::Missing | Kind::Stale))
    {
        let content = files.get(&change.path).unwrap_or_default();
        staged.add(&root.join(&change.path), content)?;
    }
    staged.commit()?;
    for change in report.changes.iter().filter(|change| change.kind == Kind::Extra) {
        remove(root, &change.path)?;
    }
    Ok(())
}

/// Files that are written under a name of their own until all of them are complete.
#[derive(Default)]
struct Staged(Vec<(PathBuf, PathBuf)>);

impl Staged {
    fn add(&mut self, path: &Path, content: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(path);
        fs::create_dir_all(folder).map_err(|error| naming(folder, &error))?;
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(STAGED);
        let temporary = path.with_file_name(name);
        self.0.push((temporary.clone(), path.to_owned()));
        fs::write(&temporary, content).map_err(|error| naming(&temporary, &error))
    }

    fn commit(mut self) -> io::Result<()> {
        for (temporary, path) in &self.0 {
            fs::rename(temporary, path).map_err(|error| naming(path, &error))?;
        }
        self.0.clear();
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for (temporary, _) in &self.0 {
            // It may be that this very file could not be made.
            let _ = fs::remove_file(temporary);
        }
    }
}

/// Removes a file, and the folders that it leaves empty. One of an earlier run may have got its name meanwhile.
fn remove(root: &Path, path: &str) -> io::Result<()> {
    let whole = root.join(path);
    match fs::remove_file(&whole) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        removed => removed.map_err(|error| naming(&whole, &error))?,
    }
    let mut folder = Path::new(path).parent();
    while let Some(inner) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        // A folder that still holds something stays, and so do those around it.
        if fs::remove_dir(root.join(inner)).is_err() {
            break;
        }
        folder = inner.parent();
    }
    Ok(())
}

fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
