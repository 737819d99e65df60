//! What the last run found in order, so that the next one need not do it all again to say the same.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::Path;

use bodybroker_codegen::emit::Files;
use walkdir::WalkDir;

use super::OUTPUT;

/// Where it is kept. Only a run that left nothing to do writes it; `--check` doesn't read it.
const FILE: &str = "target/gen.stamp";

/// A fingerprint of the generator and of what it reads, taken before it reads it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp(u64);

impl Stamp {
    /// Takes the fingerprint of what is there now.
    pub(super) fn of(root: &Path) -> io::Result<Self> {
        let mut hasher = DefaultHasher::new();
        let generator = std::env::current_exe()?;
        fs::metadata(&generator)?.modified()?.hash(&mut hasher);
        generator.hash(&mut hasher);
        fs::read(root.join("Cargo.toml"))?.hash(&mut hasher);
        read(&root.join("proto"))?.hash(&mut hasher);
        Ok(Self(hasher.finish()))
    }

    /// How many files are generated, if everything is as the last run left it.
    pub(super) fn unchanged(self, root: &Path) -> Option<usize> {
        let last = fs::read_to_string(root.join(FILE)).ok()?;
        let written = read(&root.join(OUTPUT)).ok()?;
        let files = written.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
        (last == self.with(files)).then_some(written.len())
    }

    /// Notes that these files are what there is. Where that can't be written, the next run does its work again.
    pub(super) fn keep(self, root: &Path, files: &Files) {
        let file = root.join(FILE);
        if let Some(folder) = file.parent() {
            let _ = fs::create_dir_all(folder);
        }
        let _ = fs::write(file, self.with(files.iter()));
    }

    /// The text of the file, for what was generated.
    fn with<'a>(self, files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
        let mut hasher = DefaultHasher::new();
        files.for_each(|file| file.hash(&mut hasher));
        format!("{:016x} {:016x}", self.0, hasher.finish())
    }
}

/// Every file below a folder, by its path with `/` between folders.
fn read(folder: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if !entry.file_type().is_dir() {
            let path = entry.path().strip_prefix(folder).unwrap_or(entry.path());
            let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
            files.insert(parts.join("/"), fs::read(entry.path())?);
        }
    }
    Ok(files)
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
        let mut written = Files::default();
        written.add("a.rs", "a");
        Stamp::of(root).unwrap().keep(root, &written);
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
