//! The calling side.

pub(crate) mod attempt;
mod call;
pub(crate) mod options;
mod streaming;

pub use call::Call;
pub use streaming::{DuplexCall, StreamCall, UploadCall};
