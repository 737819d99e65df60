//! What holds of messages that are appended in one step.

use std::collections::BTreeSet;

use super::{Append, BATCH_MAX};
use crate::status::{Executed, Result, Status};

/// Looks at what every implementation of streams refuses.
///
/// # Errors
/// `INVALID_ARGUMENT` when there are too many messages, two of one subject, or some of another stream.
pub(super) fn check(messages: &[Append]) -> Result<()> {
    if messages.len() > BATCH_MAX {
        return refuse(format!(
            "{} messages can't be appended in one step, but {BATCH_MAX}",
            messages.len()
        ));
    }
    let mut subjects = BTreeSet::new();
    for message in messages {
        let subject = message.subject.as_str();
        if message.stream != messages[0].stream {
            return refuse(format!("{subject}: one step has messages of one stream"));
        }
        if !subjects.insert(subject) {
            return refuse(format!("{subject} can't be written twice in one step"));
        }
    }
    Ok(())
}

fn refuse(words: String) -> Result<()> {
    Err(Status::invalid_argument(words).with_executed(Executed::No))
}
