//! Values of several versions in one bucket. Each says in a header which one it is, and is read as what it would be now.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bytes::Bytes;

use super::Bucket;
use crate::durable::Stored;
use crate::headers::{Headers, name};
use crate::seal::Guard;
use crate::spec::{Earlier, Versions};
use crate::status::{Result, Status};

/// Makes an encoded value of one version one of another.
pub(crate) type Change = Arc<dyn Fn(Bytes) -> Result<Bytes> + Send + Sync>;

/// What becomes of values of earlier versions.
#[derive(Clone, Default)]
pub(crate) struct Steps {
    /// For each earlier version, the oldest first: makes a value one of the version after it.
    pub(crate) up: Arc<[Change]>,
    /// Makes a value one of the version before: where that is what is written.
    pub(crate) back: Option<Change>,
}

/// The versions of a bucket, as one process knows them.
#[derive(Clone)]
pub(super) struct Versioned {
    pub(super) spec: Versions,
    steps: Steps,
    /// Whether a value of the current version was seen: then everybody who runs reads it, and it is written as well.
    has_begun: Arc<AtomicBool>,
    /// Who reads, for those who have to find it.
    reader: Arc<str>,
}

impl Versioned {
    pub(super) fn new(spec: Versions) -> Self {
        let has_begun = Arc::new(AtomicBool::new(false));
        Self { spec, steps: Steps::default(), has_begun, reader: "this process".into() }
    }

    /// The version that values are written in.
    pub(super) fn written(&self) -> u32 {
        if self.has_begun.load(Relaxed) { self.spec.current } else { self.spec.written }
    }
}

/// The version of a stored value; `None` when its header says nothing that can be read.
pub(super) fn version_of(headers: &Headers) -> Option<u32> {
    let Some(version) = headers.get(name::VERSION) else { return Some(1) };
    version.parse().ok().filter(|version| *version > 0)
}

impl Bucket {
    /// The same bucket, with what becomes of values of earlier versions.
    pub(crate) fn with_steps(mut self, steps: Steps) -> Self {
        self.versions.steps = steps;
        self
    }

    /// The same bucket, with the name of who reads it.
    pub(crate) fn read_by(mut self, reader: &str) -> Self {
        self.versions.reader = reader.into();
        self
    }

    /// Whether a value is of a version that only others read.
    pub(super) fn is_newer(&self, stored: &Stored) -> bool {
        version_of(&stored.headers).is_some_and(|version| version > self.versions.spec.current)
    }

    /// A value that was read, opened and as it would be now.
    pub(super) fn current(&self, key: &str, headers: &Headers, value: Bytes) -> Result<Bytes> {
        let Versioned { spec: Versions { current, written, earlier }, steps, has_begun, .. } =
            &self.versions;
        let version = version_of(headers).ok_or_else(|| {
            Status::data_loss(format!("bucket {} doesn't say which version `{key}` has", self.name))
        })?;
        match version.cmp(current) {
            Ordering::Greater => return Err(self.too_old(key, version)),
            Ordering::Equal => {
                if written < current {
                    has_begun.store(true, Relaxed);
                }
                return self.opened(self.guard.as_ref(), key, value);
            }
            Ordering::Less => {}
        }
        let found = earlier.iter().position(|it| it.version == version);
        let Some(at) = found.filter(|_| steps.up.len() == earlier.len()) else {
            return Err(self.given_up(key, version));
        };
        let mut value = self.opened(self.guard_of(&earlier[at]).as_ref(), key, value)?;
        for (step, from) in steps.up.iter().zip(*earlier).skip(at) {
            value = step(value).map_err(|status| self.stuck(key, from.version, &status))?;
        }
        Ok(value)
    }

    /// A value with its sensitive fields opened.
    fn opened(&self, guard: Option<&Guard>, key: &str, value: Bytes) -> Result<Bytes> {
        Guard::open_with(guard, value).map_err(|status| {
            let (name, why) = (self.name, status.message());
            Status::new(status.code(), format!("bucket {name}, key `{key}`: {why}"))
        })
    }

    /// A value as it is written: in the version that everybody reads, which its headers say, and sealed.
    pub(super) fn to_write(&self, value: Bytes, headers: &mut Headers) -> Result<Bytes> {
        let Versions { current, earlier, .. } = self.versions.spec;
        let version = self.versions.written();
        if version > 1 {
            headers.insert(name::VERSION, version.to_string())?;
        }
        if version == current {
            return Guard::seal_with(self.guard.as_ref(), value);
        }
        let (Some(back), Some(before)) = (&self.versions.steps.back, earlier.last()) else {
            return Err(Status::failed_precondition(format!(
                "bucket {} is written in version {version}, and nothing says how: open it as a store with its steps",
                self.name
            )));
        };
        Guard::seal_with(self.guard_of(before).as_ref(), back(value)?)
    }

    fn guard_of(&self, earlier: &Earlier) -> Option<Guard> {
        earlier.sealed.map(|sealed| self.protection.stored(sealed))
    }

    fn too_old(&self, key: &str, version: u32) -> Status {
        let (name, Versioned { spec, reader, .. }) = (self.name, &self.versions);
        Status::failed_precondition(format!(
            "bucket {name} holds `{key}` in version {version}, and {reader} reads {} at most: it is too old beside those who \
             write that; replace it by their release",
            spec.current
        ))
    }

    fn given_up(&self, key: &str, version: u32) -> Status {
        let (name, Versioned { spec, reader, .. }) = (self.name, &self.versions);
        let least = spec.earlier.first().map_or(spec.current, |earlier| earlier.version);
        Status::data_loss(format!(
            "bucket {name} holds `{key}` in version {version} still, and {reader} reads {least} at least: name the version in \
             `earlier` again, and migrate the bucket before it is left out",
        ))
    }

    fn stuck(&self, key: &str, from: u32, status: &Status) -> Status {
        Status::data_loss(format!(
            "bucket {} holds `{key}` in a version that the step from {from} makes nothing of: {status}",
            self.name
        ))
    }
}

impl fmt::Debug for Versioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { spec, steps: _, has_begun, reader } = self;
        f.debug_struct("Versioned")
            .field("spec", spec)
            .field("has_begun", has_begun)
            .field("reader", reader)
            .finish_non_exhaustive()
    }
}
