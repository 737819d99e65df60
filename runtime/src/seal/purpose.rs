//! Where a sealed value belongs, which is authenticated along with it, and how a failure there is told.

use super::walk::{Failure, Path};
use crate::spec::MethodSpec;
use crate::status::{Executed, Status};

/// Where a message with sealed values belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// In a request of a method, or a frame that its caller sends.
    Request(&'static MethodSpec),
    /// In a response of a method, or a frame that its server sends.
    Response(&'static MethodSpec),
    /// In a bucket or a stream, as this message: an event may be the write of a bucket, and copies its bytes.
    Stored(&'static str),
    /// In the bucket of a service's answers to idempotency keys.
    Kept(&'static MethodSpec),
}

impl Purpose {
    /// What is authenticated along with a value. No name has a space, so that no two of these are the same.
    pub(super) fn about(self, path: &Path) -> Vec<u8> {
        let numbers = path.numbers();
        let text = match self {
            Self::Request(MethodSpec { service, name, .. }) => {
                format!("request {service}.{name} {numbers}")
            }
            Self::Response(MethodSpec { service, name, .. }) => {
                format!("response {service}.{name} {numbers}")
            }
            Self::Stored(message) => format!("stored {message} {numbers}"),
            Self::Kept(MethodSpec { service, name, .. }) => {
                format!("kept {service}.{name} {numbers}")
            }
        };
        text.into_bytes()
    }

    /// The name that metrics have for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Request(method) | Self::Response(method) | Self::Kept(method) => method.subject,
            Self::Stored(message) => message,
        }
    }

    /// Tells a failure.
    pub(super) fn status(self, failure: &Failure) -> Status {
        let text = failure.to_string();
        let status = match (failure, self) {
            (Failure::Malformed(_) | Failure::Forged { .. }, Self::Request(_)) => {
                Status::invalid_argument(text)
            }
            (Failure::Malformed(_) | Failure::Forged { .. }, _) => Status::data_loss(text),
            (
                Failure::NoKeys { .. }
                | Failure::Clear { .. }
                | Failure::Unknown { .. }
                | Failure::TooLong { .. },
                _,
            ) => Status::failed_precondition(text),
        };
        match self {
            // It fails before anything has run.
            Self::Request(_) => status.with_executed(Executed::No),
            Self::Response(_) | Self::Stored(_) | Self::Kept(_) => status,
        }
    }
}
