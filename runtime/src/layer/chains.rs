//! Chains of layers, put together once for each method.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::per_method::PerMethod;
use crate::spec::MethodSpec;

type Wrap<S> = Arc<dyn Fn(S) -> S + Send + Sync>;

/// What users have added around something, and a chain for each method.
pub(super) struct Chains<S> {
    /// Whether a user has added something.
    any: AtomicBool,
    /// What users have added, the outermost last.
    added: RwLock<Vec<Wrap<S>>>,
    built: PerMethod<S>,
}

impl<S: Clone> Chains<S> {
    /// Whether a user has added something.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Adds a layer around those there are.
    pub(super) fn add(&self, wrap: impl Fn(S) -> S + Send + Sync + 'static) {
        self.added.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(wrap));
        self.built.clear();
        self.any.store(true, Ordering::Relaxed);
    }

    /// The chain of a method, around what `inner` makes.
    pub(super) fn of(&self, method: &'static MethodSpec, inner: impl FnOnce() -> S) -> S {
        self.built.of(method, || {
            let added = self.added.read().unwrap_or_else(PoisonError::into_inner);
            added.iter().fold(inner(), |inner, wrap| wrap(inner))
        })
    }
}

impl<S> Default for Chains<S> {
    fn default() -> Self {
        Self { any: AtomicBool::new(false), added: RwLock::default(), built: PerMethod::default() }
    }
}

impl<S> fmt::Debug for Chains<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chains").field("any", &self.any).finish_non_exhaustive()
    }
}
