//! Something for each method, made when it is first asked for.

use std::collections::HashMap;
use std::fmt;
use std::sync::{PoisonError, RwLock};

use foldhash::fast::RandomState;

use crate::spec::MethodSpec;

/// Something for each method, by the address of the method's static.
pub(super) struct PerMethod<T>(RwLock<HashMap<usize, T, RandomState>>);

impl<T: Clone> PerMethod<T> {
    /// What there is for a method, or what is made for it now.
    pub(super) fn of(&self, method: &'static MethodSpec, make: impl FnOnce() -> T) -> T {
        let key = method.address();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        known.unwrap_or_else(|| {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(key).or_insert_with(make).clone()
        })
    }

    /// Forgets everything. What is being made at the moment is forgotten, too.
    pub(super) fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl<T> Default for PerMethod<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T> fmt::Debug for PerMethod<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerMethod").finish_non_exhaustive()
    }
}
