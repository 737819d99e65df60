//! What became of an append whose first answer was lost and whose repetition was refused.
//!
//! Usually the server recognises the repetition by its id. It doesn't when the window of ids has passed, or when the
//! first attempt was still on its way through a cluster whose leader was changing: then the repetition is refused
//! because of what it has itself written.
//!
//! And a server that was cut off while it led refuses, for lack of what has been written since, what its successor takes.

use std::cmp::Ordering;

use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID};
use tokio::time::{Instant, timeout};

use super::super::Append;
use super::link::{ATTEMPT, Link, PATIENCE, pause};
use super::{append, batch, subjects, wire};
use crate::status::{Executed, Result, Status};

/// Whether what was refused in one step was refused by a server of a cluster that lacks a message which was expected,
/// though it has been read: one that still believes that it leads. Who does lead may have taken the step.
///
/// `current` is the place of the last message that it has of one of the subjects; of which one isn't told.
pub(super) async fn is_behind(link: &Link, messages: &[Append], current: Option<u64>) -> bool {
    let Some(current) = current.filter(|_| link.clustered()) else { return false };
    let expecting = || messages.iter().filter_map(|message| Some((message, message.expect?)));
    if !expecting().any(|(_, expected)| expected > current) {
        return false;
    }
    for (message, expected) in expecting() {
        let Append { stream, subject, .. } = message;
        let is_reason = match expected.cmp(&current) {
            Ordering::Less => {
                let last = append::last(link, stream, subject).await;
                last.is_ok_and(|last| last.is_some_and(|last| last.sequence == current))
            }
            Ordering::Equal => false,
            // What has expired is lacked by all.
            Ordering::Greater => subjects::is_gone(link, stream, subject, expected).await,
        };
        if is_reason {
            return false;
        }
    }
    true
}

/// Looks at what has followed the messages that a step expected to be the last: only one step can have.
///
/// # Errors
/// The refusal, when it was somebody else; `UNKNOWN_OUTCOME` when nobody can tell.
pub(super) async fn settle(link: &Link, messages: &[Append], refusal: Status) -> Result<Vec<u64>> {
    let mut unclear = None;
    for (at, message) in messages.iter().enumerate() {
        if message.expect.is_none() {
            continue;
        }
        match whose(link, message).await {
            Found::Ours(sequence) => return Ok(batch::around(at, sequence, messages.len())),
            Found::Another => return Err(refusal),
            Found::Unclear => unclear = unclear.or(Some(message)),
        }
    }
    Err(unclear.map_or(refusal, |message| wire::unanswered(message.subject.as_str())))
}

/// Who has written what follows the message that an append expected to be the last.
enum Found {
    /// We have, here.
    Ours(u64),
    /// Somebody else, directly.
    Another,
    /// Nobody can tell: what came between isn't kept, or the server does not say.
    Unclear,
}

/// Finds out who has written what an append may have.
async fn whose(link: &Link, message: &Append) -> Found {
    let began = Instant::now();
    for attempt in 0.. {
        match follower(link, message).await {
            Some(found) => return found,
            None if began.elapsed() > PATIENCE => return Found::Unclear,
            None => pause(attempt).await,
        }
    }
    unreachable!("the loop above ends by returning")
}

/// Messages of one step that are looked for before it is said that none is left.
const LOOKS_MAX: usize = 8;

/// Tells the places of messages that were appended in one step, of which the server knows the ids.
///
/// # Errors
/// `UNKNOWN_OUTCOME` when others have replaced every one of them.
pub(super) async fn locate(link: &Link, messages: &[Append]) -> Result<Vec<u64>> {
    for (message, at) in messages.iter().zip(0..LOOKS_MAX) {
        if let Found::Ours(sequence) = whose(link, message).await {
            return Ok(batch::around(at, sequence, messages.len()));
        }
    }
    let what = messages.first().map_or("", |message| message.subject.as_str());
    Err(Status::unknown_outcome(format!(
        "{what} was written, and replaced before its revision was known"
    ))
    .with_executed(Executed::Unknown))
}

/// Looks at the first message that follows, or at the last one where nothing was expected; `None` when the server did
/// not say.
async fn follower(link: &Link, message: &Append) -> Option<Found> {
    let Append { stream, subject, expect, id, .. } = message;
    let Ok(handle) = link.context.get_stream_no_info(stream).await else {
        return Some(Found::Unclear);
    };
    let found = async {
        match expect {
            Some(expect) => {
                let first = handle.get_first_raw_message_by_subject(subject.as_str(), expect + 1);
                first.await.ok()
            }
            None => handle.get_last_raw_message_by_subject(subject.as_str()).await.ok(),
        }
    };
    let found = timeout(ATTEMPT, found).await.ok()??;
    let header = |name| found.headers.get(name).map(async_nats::HeaderValue::as_str);
    if header(NATS_MESSAGE_ID).is_some_and(|found| Some(found) == id.as_deref()) {
        return Some(Found::Ours(found.sequence));
    }
    let expected = header(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE).and_then(|text| text.parse().ok());
    Some(if expect.is_some() && expected == *expect { Found::Another } else { Found::Unclear })
}
