//! The calling side.

mod call;
mod options;

pub use call::Call;
#[expect(unused_imports, reason = "streams take the same options")]
pub(crate) use options::{CallDeadline, CallOptions};
