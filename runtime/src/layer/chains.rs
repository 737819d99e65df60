//! Chains of layers, put together once for each method.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::spec::MethodSpec;

type Wrap<S> = Arc<dyn Fn(S) -> S + Send + Sync>;

/// What users have added around something, and a chain for each method.
pub(super) struct Chains<S> {
    /// Whether a user has added something.
    any: AtomicBool,
    state: RwLock<State<S>>,
}

struct State<S> {
    /// What users have added, the outermost last.
    added: Vec<Wrap<S>>,
    /// By the address of the method's static.
    built: HashMap<usize, S>,
}

impl<S: Clone> Chains<S> {
    /// Whether a user has added something.
    pub(super) fn any(&self) -> bool {
        self.any.load(Ordering::Relaxed)
    }

    /// Adds a layer around those there are.
    pub(super) fn add(&self, wrap: impl Fn(S) -> S + Send + Sync + 'static) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.added.push(Arc::new(wrap));
        state.built.clear();
        self.any.store(true, Ordering::Relaxed);
    }

    /// The chain of a method, around what `inner` makes.
    pub(super) fn of(&self, method: &'static MethodSpec, inner: impl FnOnce() -> S) -> S {
        let key = std::ptr::from_ref(method).addr();
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(chain) = state.built.get(&key) {
            return chain.clone();
        }
        drop(state);
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let State { added, built } = &mut *state;
        let chain = || added.iter().fold(inner(), |inner, wrap| wrap(inner));
        built.entry(key).or_insert_with(chain).clone()
    }
}

impl<S> Default for Chains<S> {
    fn default() -> Self {
        let state = State { added: Vec::new(), built: HashMap::new() };
        Self { any: AtomicBool::new(false), state: RwLock::new(state) }
    }
}

impl<S> fmt::Debug for Chains<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chains").field("any", &self.any).finish_non_exhaustive()
    }
}
