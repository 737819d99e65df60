//! Waits for what comes after the messages that are there.

use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::super::Stored;
use super::Memory;
use crate::status::Result;
use crate::subject::Filter;

/// Everything that a stream takes from a sequence on, for ever.
pub(super) fn tail(
    memory: Memory,
    stream: String,
    filter: Filter,
    next: u64,
) -> BoxStream<'static, Result<Stored>> {
    let appended = memory.0.appended.subscribe();
    stream::unfold((memory, stream, filter, next, appended), |state| async move {
        let (memory, stream, filter, next, mut appended) = state;
        loop {
            appended.mark_unchanged();
            match memory.with(&stream, |log| log.first(&filter, next)) {
                Ok(Some(message)) => {
                    let next = message.sequence + 1;
                    return Some((Ok(message), (memory, stream, filter, next, appended)));
                }
                Ok(None) => {}
                Err(status) => {
                    return Some((Err(status), (memory, stream, filter, next, appended)));
                }
            }
            // The sender lives as long as `memory`, so this never fails.
            appended.changed().await.ok()?;
        }
    })
    .boxed()
}
