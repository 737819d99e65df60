//! What becomes of values that were stored in an earlier version of their schema.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::Bytes;
use prost::{Message, Name};

use super::Store;
use crate::durable::{Change, Migrated, Steps};
use crate::spec::{BucketSpec, Versions};
use crate::status::{Result, Status};

/// Steps by which values of earlier versions become a `T`, each from one version to the next.
///
/// A step is run each time a value of its version is read, by every instance, so it depends on the value alone. One that
/// fails makes `DATA_LOSS` of the read.
pub struct Migrations<T> {
    up: Vec<Step>,
    back: Option<Step>,
    value: PhantomData<fn() -> T>,
}

struct Step {
    from: u32,
    takes: String,
    gives: String,
    change: Change,
}

impl Step {
    fn new<A, B>(from: u32, step: impl Fn(A) -> Result<B> + Send + Sync + 'static) -> Self
    where
        A: Message + Default + Name,
        B: Message + Name,
    {
        let change = move |value: Bytes| {
            let value = A::decode(value).map_err(|error| {
                Status::data_loss(format!("it is no {}: {error}", A::full_name()))
            })?;
            Ok(step(value)?.encode_to_vec().into())
        };
        Self { from, takes: A::full_name(), gives: B::full_name(), change: Arc::new(change) }
    }
}

impl<T: Message + Default + Name> Migrations<T> {
    /// Says how a value of a version becomes one of the next.
    #[must_use]
    pub fn from<A, B>(
        mut self,
        version: u32,
        step: impl Fn(A) -> Result<B> + Send + Sync + 'static,
    ) -> Self
    where
        A: Message + Default + Name,
        B: Message + Name,
    {
        self.up.push(Step::new(version, step));
        self
    }

    /// Says how a value becomes one of the version before, for a bucket that is written in that. Where a step fails, so does
    /// the write.
    #[must_use]
    pub fn back<B: Message + Name>(
        self,
        step: impl Fn(T) -> Result<B> + Send + Sync + 'static,
    ) -> Self {
        Self { back: Some(Step::new(0, step)), ..self }
    }
}

impl<T> Migrations<T> {
    /// No step.
    #[must_use]
    pub const fn new() -> Self {
        Self { up: Vec::new(), back: None, value: PhantomData }
    }

    /// The steps in the order of a bucket's versions.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when one is missing, there without need, or between other messages.
    pub(super) fn steps(self, spec: &BucketSpec) -> Result<Steps> {
        let Self { up: mut steps, back, value: _ } = self;
        let (bucket, Versions { current, written, earlier }) = (spec.name, spec.versions);
        let refused = |text: String| Err(Status::failed_precondition(text));
        let mut up = Vec::new();
        for (at, from) in earlier.iter().enumerate() {
            let (version, takes) = (from.version, from.value);
            let gives = earlier.get(at + 1).map_or(spec.value, |next| next.value);
            let found = steps.iter().position(|step| step.from == version);
            let Some(found) = found.map(|at| steps.swap_remove(at)) else {
                return refused(format!(
                    "bucket {bucket} may hold values of version {version}, and nothing makes those of version {} of them: \
                     open it with its steps, one of which takes {takes} and gives {gives}",
                    version + 1
                ));
            };
            if found.takes != takes || found.gives != gives {
                return refused(format!(
                    "bucket {bucket}: the step from version {version} makes {} of {}; make {gives} of {takes}",
                    found.gives, found.takes
                ));
            }
            up.push(found.change);
        }
        if let Some(Step { from, .. }) = steps.first() {
            return refused(format!(
                "bucket {bucket} has no values of version {from}, or two steps from it: leave one out"
            ));
        }
        let back = if written == current { None } else { back };
        if written != current
            && back.as_ref().map(|step| &*step.gives) != earlier.last().map(|it| it.value)
        {
            return refused(format!(
                "bucket {bucket} is written in version {written}, and nothing makes one of {}: open it with its step back",
                spec.value
            ));
        }
        Ok(Steps { up: up.into(), back: back.map(|step| step.change) })
    }
}

impl<T: Message + Default + Name> Store<T> {
    /// Writes every value of an earlier version again as what it is now, unless somebody else writes it meanwhile, and tells
    /// how far it has come after each key. Everything goes on beside it. It may be interrupted, repeated, and run by several
    /// at once: what is done is only looked at.
    ///
    /// Each is a write: its revision and `time` are new, watchers hear of it. A value goes when it would have gone; revisions
    /// before it stay what they were. Where what it says now isn't what it was indexed by, it is found by it from then on.
    /// What is there in a version that only others read stays.
    ///
    /// # Errors
    /// That of the first value that couldn't be migrated, once all the others are; or at once that of a bucket that takes no
    /// writes.
    pub async fn migrate(&self, told: impl FnMut(Migrated) + Send) -> Result<Migrated> {
        self.bucket.rewrite(told).await
    }
}

impl<T> Default for Migrations<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Migrations<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { up, back, value: _ } = self;
        let from: Vec<_> = up.iter().map(|step| step.from).collect();
        f.debug_struct("Migrations").field("from", &from).field("back", &back.is_some()).finish()
    }
}
