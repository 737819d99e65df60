//! Appending several messages in one step (ADR-50): the last one commits them all.

use std::time::Instant;

use async_nats::client::{PublishErrorKind, RequestErrorKind};
use async_nats::header::{
    NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID,
};
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::response::Response;
use async_nats::jetstream::{Error, ErrorCode};
use async_nats::{HeaderMap, Request};

use super::super::{Append, batch};
use super::append::{ID_IN_PROCESS, SUBJECT_IN_PROCESS, current, unique};
use super::doubt;
use super::link::{ATTEMPT, Link, PATIENCE, pause};
use super::{direct, wire};
use crate::status::{Code, Executed, Result, Status};

/// The first version that takes ids of messages in a batch. An older one would store them one by one.
const SINCE: (u32, u32) = (2, 12);

/// Names the messages that belong together.
const BATCH: &str = "Nats-Batch-Id";
/// Counts them from 1.
const SEQUENCE: &str = "Nats-Batch-Sequence";
/// Says that a message is the last one.
const COMMIT: &str = "Nats-Batch-Commit";

/// Appends messages in one step, trying again for as long as that is safe: every message has an id, and a batch with an
/// id that the server knows is refused as a whole.
pub(super) async fn append(link: &Link, mut messages: Vec<Append>) -> Result<Vec<u64>> {
    batch::check(&messages)?;
    let Some(first) = messages.first() else { return Ok(Vec::new()) };
    let what = first.subject.as_str().to_owned();
    let count = messages.len();
    for message in &mut messages {
        message.id.get_or_insert_with(unique);
    }
    let began = Instant::now();
    // Why an earlier attempt may have been taken.
    let mut doubt = None;
    for attempt in 0.. {
        let status = match once(link, &messages).await {
            Ok(last) => return Ok(places(last, count)),
            Err(Failure::Known) => return doubt::locate(link, &messages).await,
            Err(Failure::Refused { refusal, current }) => {
                if doubt::is_behind(link, &messages, current).await {
                    doubt.insert(wire::behind(&what)).clone()
                } else if doubt.is_some() {
                    return doubt::settle(link, &messages, refusal).await;
                } else {
                    return Err(refusal);
                }
            }
            Err(Failure::Other(status)) if status.code() == Code::Unavailable => status,
            Err(Failure::Other(status)) if status.executed() == Executed::Unknown => {
                doubt.insert(status).clone()
            }
            // The last attempt says nothing about those before it.
            Err(Failure::Other(status)) if doubt.is_some() => {
                return Err(status.with_executed(Executed::Unknown));
            }
            Err(Failure::Other(status)) => return Err(status),
        };
        if began.elapsed() > PATIENCE {
            return Err(doubt.unwrap_or(status));
        }
        pause(attempt).await;
    }
    unreachable!("the loop above ends by returning")
}

/// How an attempt fails.
enum Failure {
    /// The server has a message of this id: an earlier attempt has succeeded.
    Known,
    /// An expectation doesn't hold: the last message of its subject is another.
    Refused {
        refusal: Status,
        current: Option<u64>,
    },
    Other(Status),
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Other(status)
    }
}

/// Sends a batch and tells the place of its last message. Each attempt is a batch of its own, so that what is left of a
/// broken one stays without its end.
async fn once(link: &Link, messages: &[Append]) -> std::result::Result<u64, Failure> {
    let state = link.ready().await?;
    direct::since(link, "writes of several keys in one step", SINCE)?;
    let batch = unique();
    let (last, others) = messages.split_last().ok_or_else(|| Status::internal("an empty batch"))?;
    let (stream, commit) = (last.stream.as_str(), last.subject.as_str());
    let sent = async {
        for (message, number) in others.iter().zip(1_usize..) {
            let headers = headers(message, &batch, number, false);
            let subject = message.subject.as_str().to_owned();
            let sent = link.client.publish_with_headers(subject, headers, message.payload.clone());
            sent.await.map_err(|error| match error.kind() {
                PublishErrorKind::MaxPayloadExceeded => wire::too_long(stream, &error),
                _ => Status::unavailable(format!("{stream}: {error}")).with_executed(Executed::No),
            })?;
        }
        let request = Request::new()
            .headers(headers(last, &batch, messages.len(), true))
            .payload(last.payload.clone())
            .timeout(Some(ATTEMPT));
        let answer = link.client.send_request(commit.to_owned(), request).await;
        answer.map_err(|error| match error.kind() {
            RequestErrorKind::NoResponders => wire::nobody(commit),
            RequestErrorKind::MaxPayloadExceeded => wire::too_long(commit, &error),
            RequestErrorKind::InvalidSubject => {
                Status::invalid_argument(format!("{commit}: {error}")).with_executed(Executed::No)
            }
            RequestErrorKind::TimedOut | RequestErrorKind::Other => wire::unanswered(commit),
        })
    };
    let answer = link.exchange(state, commit, sent).await??;
    match serde_json::from_slice(&answer.payload) {
        Ok(Response::Ok(PublishAck { sequence, .. })) => Ok(sequence),
        Ok(Response::Err { error }) => Err(failure(stream, &error)),
        // Whatever it was, it may have been taken.
        Err(_) => Err(wire::unanswered(commit).into()),
    }
}

fn headers(message: &Append, batch: &str, number: usize, is_last: bool) -> HeaderMap {
    let Append { stream, subject: _, headers, payload: _, expect, id } = message;
    let mut headers = wire::headers_out(headers);
    headers.insert(NATS_EXPECTED_STREAM, stream.as_str());
    if let Some(id) = id {
        headers.insert(NATS_MESSAGE_ID, id.as_str());
    }
    if let Some(expect) = expect {
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expect.to_string());
    }
    headers.insert(BATCH, batch);
    headers.insert(SEQUENCE, number.to_string());
    if is_last {
        headers.insert(COMMIT, "1");
    }
    headers
}

fn failure(stream: &str, error: &Error) -> Failure {
    let never = |status: Status| Failure::Other(status.with_executed(Executed::No));
    match error.error_code() {
        ErrorCode::ATOMIC_PUBLISH_CONTAINS_DUPLICATE_MESSAGE => Failure::Known,
        ErrorCode::STREAM_WRONG_LAST_SEQUENCE => {
            let words = format!("{stream}: {error}");
            let current = current(&words);
            Failure::Refused {
                refusal: Status::aborted(words).with_executed(Executed::No),
                current,
            }
        }
        ID_IN_PROCESS => Failure::Other(wire::unanswered(stream)),
        // Too many are under way, or the leader has changed in the middle of this one.
        SUBJECT_IN_PROCESS
        | ErrorCode::ATOMIC_PUBLISH_INCOMPLETE_BATCH
        | ErrorCode::ATOMIC_PUBLISH_TOO_MANY_INFLIGHT => {
            never(Status::unavailable(format!("{stream}: {error}")))
        }
        ErrorCode::ATOMIC_PUBLISH_DISABLED => never(Status::failed_precondition(format!(
            "{stream} takes no writes of several keys: provision it again"
        ))),
        _ => Failure::Other(wire::refused(stream, error)),
    }
}

/// The places of messages of which the last has this one.
fn places(last: u64, count: usize) -> Vec<u64> {
    around(count.saturating_sub(1), last, count)
}

/// The places of messages of which one has this one: they lie next to each other.
pub(super) fn around(at: usize, sequence: u64, count: usize) -> Vec<u64> {
    (0..count as u64).map(|number| sequence + number - at as u64).collect()
}
