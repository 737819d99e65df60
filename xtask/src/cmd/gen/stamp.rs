//! What the last run found in order, so that the next one need not do it all again to say the same.

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

use super::OUTPUT;

/// Where it is kept. Only a run that left nothing to do writes it; `--check` doesn't read it.
const FILE: &str = "target/gen.stamp";

/// A fingerprint of the generator, of what it reads and of what it wrote.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp(String);

impl Stamp {
    /// Takes the fingerprint of what is there now.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        let mut hasher = DefaultHasher::new();
        let generator = std::env::current_exe()?;
        fs::metadata(&generator)?.modified()?.hash(&mut hasher);
        generator.hash(&mut hasher);
        fs::read(root.join("Cargo.toml"))?.hash(&mut hasher);
        let mut files = 0;
        for folder in ["proto", OUTPUT] {
            files = hash(&root.join(folder), &mut hasher)?;
        }
        Ok(Self(format!("{:016x} {files}", hasher.finish())))
    }

    /// How many files are generated, if the last run left everything as it is now.
    pub(super) fn unchanged(&self, root: &Path) -> Option<usize> {
        let last = fs::read_to_string(root.join(FILE)).ok()?;
        let (_, files) = self.0.split_once(' ')?;
        if last == self.0 { files.parse().ok() } else { None }
    }

    /// Notes that everything is in order. Where that can't be written, the next run does its work again.
    pub(super) fn keep(&self, root: &Path) {
        let file = root.join(FILE);
        if let Some(folder) = file.parent() {
            let _ = fs::create_dir_all(folder);
        }
        let _ = fs::write(file, &self.0);
    }
}

/// Hashes the names and contents of all files below a folder, in order, and counts them.
fn hash(folder: &Path, hasher: &mut DefaultHasher) -> io::Result<usize> {
    let mut count = 0;
    let mut entries = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<PathBuf>>>()?;
    entries.sort();
    for path in entries {
        path.hash(hasher);
        if path.is_dir() {
            count += hash(&path, hasher)?;
        } else {
            fs::read(&path)?.hash(hasher);
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_change_of_what_is_read_or_written_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (path, text) in
            [("Cargo.toml", "[workspace]"), ("proto/a.proto", "a"), ("generated/a.rs", "a")]
        {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), text).unwrap();
        }
        let unchanged = || Stamp::of(root).unwrap().unchanged(root);
        assert_eq!(unchanged(), None);
        Stamp::of(root).unwrap().keep(root);
        assert_eq!(unchanged(), Some(1));
        for path in
            ["Cargo.toml", "proto/a.proto", "proto/b.proto", "generated/a.rs", "generated/b.rs"]
        {
            let file = root.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            let before = fs::read(&file).ok();
            fs::write(&file, "changed").unwrap();
            assert_eq!(unchanged(), None, "{path}");
            match before {
                Some(before) => fs::write(&file, before).unwrap(),
                None => fs::remove_file(&file).unwrap(),
            }
            assert_eq!(unchanged(), Some(1), "{path}");
        }
    }
}
