//! What isn't there to take a message. Trying again doesn't help; provisioning does.

use crate::status::{Executed, Status};

/// There is no such stream.
pub(super) fn stream(name: &str) -> Status {
    Status::failed_precondition(format!("there is no stream {name}: provision it first"))
        .with_executed(Executed::No)
}

/// The stream has other subjects.
pub(super) fn subject(stream: &str, subject: &str) -> Status {
    Status::failed_precondition(format!(
        "stream {stream} does not capture {subject}: provision it again"
    ))
    .with_executed(Executed::No)
}
