//! Between async-nats's words and ours.

use std::time::SystemTime;

use async_nats::HeaderMap;
use async_nats::jetstream::message::{Message, StreamMessage};
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind};
use async_nats::jetstream::{Error, ErrorCode};

use super::super::Stored;
use crate::headers::Headers;
use crate::status::{Code, Executed, Result, Status};

pub(super) fn headers_out(headers: &Headers) -> HeaderMap {
    let mut out = HeaderMap::new();
    for (name, value) in headers.iter() {
        out.insert(name, value);
    }
    out
}

/// Takes over what fits our headers; a foreign publisher's odd bytes are passed over.
pub(super) fn headers_in(map: Option<&HeaderMap>) -> Headers {
    let mut names: Vec<_> = map.into_iter().flat_map(HeaderMap::iter).collect();
    names.sort_by(|(a, _), (b, _)| AsRef::<str>::as_ref(a).cmp(AsRef::<str>::as_ref(b)));
    let mut headers = Headers::new();
    for (name, values) in names {
        if let Some(value) = values.last() {
            let _ = headers.insert(name.as_ref(), value.as_str());
        }
    }
    headers
}

pub(super) fn stored(message: StreamMessage) -> Stored {
    let StreamMessage { subject, sequence, headers, payload, time } = message;
    Stored {
        sequence,
        subject: subject.to_string(),
        headers: headers_in(Some(&headers)),
        payload,
        time: SystemTime::from(time),
        pending: 0,
    }
}

/// A message that a consumer delivered, with the consumer's own count of it and how often it was delivered.
#[derive(Debug)]
pub(super) struct Delivered {
    pub(super) stored: Stored,
    pub(super) consumer_sequence: u64,
    pub(super) deliveries: u64,
}

pub(super) fn delivered(message: &Message) -> Result<Delivered> {
    let info = message
        .info()
        .map_err(|error| Status::internal(format!("a delivery without its numbers: {error}")))?;
    Ok(Delivered {
        stored: Stored {
            sequence: info.stream_sequence,
            subject: message.subject.to_string(),
            headers: headers_in(message.headers.as_ref()),
            payload: message.payload.clone(),
            time: SystemTime::from(info.published),
            pending: info.pending,
        },
        consumer_sequence: info.consumer_sequence,
        deliveries: u64::try_from(info.delivered).unwrap_or(1),
    })
}

/// What an answer of the API means.
pub(super) fn refused(what: &str, error: &Error) -> Status {
    let words = error.to_string();
    let code = match error.error_code() {
        ErrorCode::STREAM_NOT_FOUND => {
            let words = format!("{what}: the stream isn't there; provision it first");
            return Status::failed_precondition(words).with_executed(Executed::No);
        }
        ErrorCode::CONSUMER_NOT_FOUND => Code::NotFound,
        ErrorCode::INSUFFICIENT_RESOURCES
        | ErrorCode::STORAGE_RESOURCES_EXCEEDED
        | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
        | ErrorCode::MEMORY_RESOURCES_EXCEEDED => Code::ResourceExhausted,
        // The words tell a limit that was reached from a disk that fails.
        ErrorCode::STREAM_STORE_FAILED if FULL.iter().any(|full| words.contains(full)) => {
            Code::ResourceExhausted
        }
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => Code::InvalidArgument,
        _ => match error.code() {
            503 => Code::Unavailable,
            404 => Code::NotFound,
            400 => Code::FailedPrecondition,
            _ => Code::Internal,
        },
    };
    Status::new(code, format!("{what}: {words}")).with_executed(Executed::No)
}

/// How the server says that there is no room.
const FULL: [&str; 3] = ["maximum bytes exceeded", "maximum messages", "no space left"];

/// What the failure to make a consumer means. Asking again is harmless.
pub(super) fn no_consumer(what: &str, error: &ConsumerError) -> Status {
    match error.kind() {
        ConsumerErrorKind::JetStream(answer) => refused(what, &answer),
        ConsumerErrorKind::InvalidName | ConsumerErrorKind::InvalidConsumerType => {
            Status::failed_precondition(format!("{what}: {error}")).with_executed(Executed::No)
        }
        ConsumerErrorKind::TimedOut | ConsumerErrorKind::Request | ConsumerErrorKind::Other => {
            Status::unavailable(format!("{what}: {error}")).with_executed(Executed::No)
        }
    }
}

/// No answer at all.
pub(super) fn unanswered(what: &str) -> Status {
    Status::unknown_outcome(format!("{what}: the server did not answer in time"))
        .with_executed(Executed::Unknown)
}

/// A refusal by a server that isn't up to date.
pub(super) fn behind(what: &str) -> Status {
    Status::unknown_outcome(format!(
        "{what}: the server that refused it lacks the message that was expected; another may have taken it"
    ))
    .with_executed(Executed::Unknown)
}

/// More than the server takes in one message. The error tells both sizes.
pub(super) fn too_long(what: &str, error: &dyn std::error::Error) -> Status {
    Status::invalid_argument(format!(
        "{what}: {error}; keep less in one message, or raise the server's max_payload"
    ))
    .with_executed(Executed::No)
}

/// Nobody there to answer.
pub(super) fn nobody(what: &str) -> Status {
    Status::unavailable(format!(
        "{what}: no stream answers; is it provisioned, and is its leader up?"
    ))
    .with_executed(Executed::No)
}
