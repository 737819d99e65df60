//! Writing to a stream, and reading a subject's last message from its leader.

use std::slice;
use std::time::Instant;

use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use async_nats::jetstream::{Error, ErrorCode};

use tokio::time::timeout;

use super::super::{Append, Appended, RevisionConflict, Stored};
use super::doubt;
use super::link::{ATTEMPT, Link, PATIENCE, patiently, pause};
use super::{streams, wire};
use crate::status::{Code, Executed, Result, Status};
use crate::subject::{Filter, Subject};

/// Appends a message, trying again for as long as that is safe: always, because every message has an id, and the
/// server looks at the id before it looks at what the message expects.
pub(super) async fn append(link: &Link, mut message: Append) -> Result<Appended> {
    message.id.get_or_insert_with(unique);
    let began = Instant::now();
    // Why an earlier attempt may have been taken.
    let mut doubt = None;
    for attempt in 0.. {
        let status = match once(link, &message).await {
            Err(status) if status.code() == Code::Unavailable => status,
            Err(status) if status.executed() == Executed::Unknown => doubt.insert(status).clone(),
            Err(status) if status.code() == Code::Aborted => {
                let refusal = with_current(link, &message, status).await;
                let current = RevisionConflict::current(&refusal);
                if doubt::is_behind(link, slice::from_ref(&message), current).await {
                    doubt.insert(wire::behind(message.subject.as_str())).clone()
                } else if doubt.is_some() {
                    let found = doubt::settle(link, slice::from_ref(&message), refusal).await?;
                    let sequence = found.first().copied().unwrap_or_default();
                    return Ok(Appended { sequence, duplicate: true });
                } else {
                    return Err(refusal);
                }
            }
            // The last attempt says nothing about those before it.
            Err(status) if doubt.is_some() => return Err(status.with_executed(Executed::Unknown)),
            other => return other,
        };
        if began.elapsed() > PATIENCE {
            if let Some(doubt) = doubt {
                return Err(doubt);
            }
            let unfit = streams::unfit(link, &message.stream, message.subject.as_str());
            return Err(unfit.await.unwrap_or(status));
        }
        pause(attempt).await;
    }
    unreachable!("the loop above ends by returning")
}

/// Reads the last message of a subject from the stream's leader.
pub(super) async fn last(link: &Link, stream: &str, subject: &Subject) -> Result<Option<Stored>> {
    patiently(|| read_once(link, stream, subject.as_str(), None)).await
}

/// Tells the place of the last message that matches, as the stream's leader has it.
pub(super) async fn last_place(link: &Link, stream: &str, filter: &Filter) -> Result<u64> {
    let last = patiently(|| read_once(link, stream, filter.as_str(), None)).await?;
    Ok(last.map_or(0, |last| last.sequence))
}

/// Reads the first message from a sequence on that matches, from the stream's leader.
pub(super) async fn next(
    link: &Link,
    stream: &str,
    filter: &Filter,
    from: u64,
) -> Result<Option<Stored>> {
    patiently(|| read_once(link, stream, filter.as_str(), Some(from))).await
}

async fn once(link: &Link, message: &Append) -> Result<Appended> {
    let state = link.ready().await?;
    let Append { stream, subject, headers, payload, expect, id } = message;
    let mut publish = PublishMessage::build()
        .payload(payload.clone())
        .headers(wire::headers_out(headers))
        .expected_stream(stream);
    if let Some(id) = id {
        publish = publish.message_id(id);
    }
    if let Some(expect) = expect {
        publish = publish.expected_last_subject_sequence(*expect);
    }
    let acknowledged = async {
        let sent = link.context.send_publish(subject.as_str().to_owned(), publish).await?;
        sent.await
    };
    match link.exchange(state, subject.as_str(), acknowledged).await? {
        Ok(ack) => Ok(Appended { sequence: ack.sequence, duplicate: ack.duplicate }),
        Err(error) => Err(failed(subject.as_str(), &error)),
    }
}

fn failed(subject: &str, error: &PublishError) -> Status {
    let answer = std::error::Error::source(error).and_then(|e| e.downcast_ref::<Error>());
    match (error.kind(), answer) {
        (PublishErrorKind::WrongLastSequence, _) => {
            RevisionConflict::status(subject, current(&error.to_string()).unwrap_or(UNKNOWN))
        }
        (PublishErrorKind::StreamNotFound, _) => wire::nobody(subject),
        (PublishErrorKind::MaxPayloadExceeded, _) => wire::too_long(subject, error),
        (_, Some(answer)) if answer.error_code() == ID_IN_PROCESS => wire::unanswered(subject),
        (_, Some(answer)) if answer.error_code() == SUBJECT_IN_PROCESS => {
            Status::unavailable(format!("{subject}: {answer}")).with_executed(Executed::No)
        }
        (_, Some(answer)) => wire::refused(subject, answer),
        (PublishErrorKind::TimedOut | PublishErrorKind::BrokenPipe, None) => {
            wire::unanswered(subject)
        }
        (_, None) => Status::internal(format!("{subject}: {error}")),
    }
}

/// An earlier attempt is still being agreed on by the replicas: it may be stored yet, or not.
pub(super) const ID_IN_PROCESS: ErrorCode = ErrorCode(10158);
/// Another message of the subject is: what this one expects can't be judged yet.
pub(super) const SUBJECT_IN_PROCESS: ErrorCode = ErrorCode(10164);

/// No sequence is this large.
const UNKNOWN: u64 = u64::MAX;

/// Reads the sequence out of `wrong last sequence: 17`.
pub(super) fn current(words: &str) -> Option<u64> {
    let (_, rest) = words.rsplit_once("wrong last sequence: ")?;
    let digits: &str = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Finds out the current revision where the server's answer didn't tell.
async fn with_current(link: &Link, message: &Append, refused: Status) -> Status {
    if RevisionConflict::current(&refused) != Some(UNKNOWN) {
        return refused;
    }
    match last(link, &message.stream, &message.subject).await {
        Ok(stored) => RevisionConflict::status(
            message.subject.as_str(),
            stored.map_or(0, |stored| stored.sequence),
        ),
        Err(status) => status,
    }
}

/// Reads the first message from a sequence on, or the last one.
async fn read_once(
    link: &Link,
    stream: &str,
    what: &str,
    from: Option<u64>,
) -> Result<Option<Stored>> {
    let state = link.ready().await?;
    let handle = link.context.get_stream_no_info(stream).await.map_err(|error| {
        Status::invalid_argument(format!("`{stream}` is not a stream's name: {error}"))
    })?;
    let api = format!("$JS.API.STREAM.MSG.GET.{stream}");
    let reading = timeout(ATTEMPT, async {
        match from {
            Some(from) => handle.get_first_raw_message_by_subject(what, from).await,
            None => handle.get_last_raw_message_by_subject(what).await,
        }
    });
    let found = match link.exchange(state, &api, reading).await {
        Ok(Ok(found)) => found,
        Err(status) if status.code() == Code::PermissionDenied => return Err(status),
        Ok(Err(_)) | Err(_) => return Err(lost(what)),
    };
    match found {
        Ok(message) => Ok(Some(wire::stored(message))),
        Err(error) => match error.kind() {
            LastRawMessageErrorKind::NoMessageFound => Ok(None),
            LastRawMessageErrorKind::JetStream(answer) => Err(wire::refused(stream, &answer)),
            LastRawMessageErrorKind::InvalidSubject => {
                Err(Status::invalid_argument(format!("{what}: {error}")))
            }
            LastRawMessageErrorKind::Other => Err(lost(what)),
        },
    }
}

/// A read that failed may always be repeated.
fn lost(what: &str) -> Status {
    Status::unavailable(format!("{what}: the server did not answer in time"))
        .with_executed(Executed::No)
}

/// An id that nobody else has.
pub(super) fn unique() -> String {
    format!("{:032x}", rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_current_revision_is_read_from_the_refusal() {
        let words = "wrong last sequence: wrong last sequence: 17 (code 400, error code 10071)";
        assert_eq!(current(words), Some(17));
        assert_eq!(current("something else"), None);
    }
}
