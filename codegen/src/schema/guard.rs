//! Runs foreign code that reads by hand what people wrote. A mistake of its own must not end the run, and nobody can look
//! for all of them first: it would have to be read the same way.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Nothing if the code panicked. What it was changing is then in no known state.
pub(crate) fn guarded<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
