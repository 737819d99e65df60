//! The calling side.

mod call;
mod options;
mod streaming;

pub use call::Call;
pub use streaming::{DuplexCall, StreamCall, UploadCall};
