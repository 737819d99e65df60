//! What became of an append whose first answer was lost and whose repetition was refused.
//!
//! Usually the server recognises the repetition by its id. It doesn't when the window of ids has passed, or when the
//! first attempt was still on its way through a cluster whose leader was changing: then the repetition is refused
//! because of what it has itself written.

use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID};
use tokio::time::{Instant, timeout};

use super::super::{Append, Appended};
use super::link::{ATTEMPT, Link, PATIENCE, pause};
use super::wire;
use crate::status::{Result, Status};

/// Looks at what has followed the message that the append expected to be the last: only one can have.
///
/// # Errors
/// The refusal, when it was somebody else; `UNKNOWN_OUTCOME` when nobody can tell.
pub(super) async fn settle(link: &Link, message: &Append, refusal: Status) -> Result<Appended> {
    let Some(expect) = message.expect else { return Err(refusal) };
    let began = Instant::now();
    for attempt in 0.. {
        match follower(link, message, expect).await {
            Follower::Ours(sequence) => return Ok(Appended { sequence, duplicate: true }),
            Follower::Another => return Err(refusal),
            Follower::Unclear => return Err(wire::unanswered(message.subject.as_str())),
            Follower::Unread if began.elapsed() > PATIENCE => {
                return Err(wire::unanswered(message.subject.as_str()));
            }
            Follower::Unread => pause(attempt).await,
        }
    }
    unreachable!("the loop above ends by returning")
}

/// Who wrote after the message that was expected to be the last.
enum Follower {
    /// We did, here.
    Ours(u64),
    /// Somebody else, directly.
    Another,
    /// Somebody, but what came between isn't kept.
    Unclear,
    /// The server did not say.
    Unread,
}

async fn follower(link: &Link, message: &Append, expect: u64) -> Follower {
    let Append { stream, subject, id, .. } = message;
    let Ok(handle) = link.context.get_stream_no_info(stream).await else {
        return Follower::Unclear;
    };
    let reading = handle.get_first_raw_message_by_subject(subject.as_str(), expect + 1);
    let Ok(Ok(found)) = timeout(ATTEMPT, reading).await else { return Follower::Unread };
    let header = |name| found.headers.get(name).map(async_nats::HeaderValue::as_str);
    if header(NATS_MESSAGE_ID).is_some_and(|found| Some(found) == id.as_deref()) {
        return Follower::Ours(found.sequence);
    }
    let expected = header(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE).and_then(|text| text.parse().ok());
    if expected == Some(expect) { Follower::Another } else { Follower::Unclear }
}
