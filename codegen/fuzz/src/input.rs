//! What is tried: schemas as they were and as they are.

use std::fs;
use std::path::Path;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::corpus::{self, Base, Texts};
use crate::{set, text};

/// Changes of one side.
const CHANGES_MAX: usize = 6;

/// Both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) old: Schemas,
    pub(crate) new: Schemas,
}

/// One side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Schemas {
    Texts(Texts),
    /// Bytes that may be a descriptor set.
    Set(Vec<u8>),
}

impl Input {
    /// Makes the input that has a number.
    pub(crate) fn of(number: u64, bases: &[Base]) -> Self {
        let random = &mut StdRng::seed_from_u64(number);
        let base = bases.choose(random).expect("the repository has schemas");
        let old = side(base, bases, random);
        let new = side(base, bases, random);
        Self { old, new }
    }

    /// Writes both sides below a folder.
    pub(crate) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        for (name, side) in [("old", &self.old), ("new", &self.new)] {
            let path = folder.join(name);
            match side {
                Schemas::Texts(texts) => {
                    fs::create_dir_all(&path)?;
                    for (index, (name, text)) in texts.iter().enumerate() {
                        // A name may be anything; the file begins with it.
                        fs::write(path.join(format!("{index}.proto")), format!("{name}\0{text}"))?;
                    }
                }
                Schemas::Set(bytes) => {
                    fs::create_dir_all(folder)?;
                    fs::write(path, bytes)?;
                }
            }
        }
        Ok(())
    }

    /// Reads both sides.
    pub(crate) fn read(folder: &Path) -> anyhow::Result<Self> {
        let side = |name: &str| -> anyhow::Result<Schemas> {
            let path = folder.join(name);
            if path.is_file() {
                return Ok(Schemas::Set(fs::read(path)?));
            }
            anyhow::ensure!(path.is_dir(), "{} is not there", path.display());
            let files =
                corpus::texts(&path).into_iter().map(|(name, text)| match text.split_once('\0') {
                    Some((name, text)) => (name.to_owned(), text.to_owned()),
                    None => (name, text),
                });
            Ok(Schemas::Texts(files.collect()))
        };
        Ok(Self { old: side("old")?, new: side("new")? })
    }
}

/// One side, changed or not.
fn side(base: &Base, bases: &[Base], random: &mut StdRng) -> Schemas {
    let changes = random.random_range(0..=CHANGES_MAX);
    if random.random_bool(0.5) {
        let mut texts = base.texts.clone();
        for _ in 0..changes {
            text::change(&mut texts, bases, random);
        }
        return Schemas::Texts(texts);
    }
    let mut bytes = base.set.clone();
    for _ in 0..changes {
        set::change(&mut bytes, random);
    }
    Schemas::Set(bytes)
}
