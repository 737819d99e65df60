//! What remains of an event that nobody could handle.

use std::time::SystemTime;

use bytes::Bytes;

use crate::durable::{Append, DEAD_LETTERS, Pulled, Stored};
use crate::headers::{self, Headers, name};
use crate::spec::ConsumeSpec;
use crate::status::{Result, Status};
use crate::subject::SubjectBuilder;

/// Names of the headers of a dead letter.
mod header {
    pub(super) const STREAM: &str = "Bb-Dead-Stream";
    pub(super) const SEQUENCE: &str = "Bb-Dead-Sequence";
    pub(super) const SUBJECT: &str = "Bb-Dead-Subject";
    pub(super) const CONSUMER: &str = "Bb-Dead-Consumer";
    pub(super) const DELIVERIES: &str = "Bb-Dead-Deliveries";
    pub(super) const REASON: &str = "Bb-Dead-Reason";
    /// Length of a payload that was left out.
    pub(super) const BYTES: &str = "Bb-Dead-Bytes";
}

/// Longest reason in bytes.
const REASON_BYTES_MAX: usize = 256;

/// Writes the dead letter: the event as it was, and why it is here. Its id makes it one however often it is written.
pub(super) fn write(spec: &ConsumeSpec, pulled: &Pulled, status: &Status) -> Result<Append> {
    let ConsumeSpec { durable: consumer, event } = spec;
    let Stored { sequence, subject, headers: had, payload, time, .. } = &pulled.message;
    let mut headers = Headers::new();
    for (name, value) in had.iter().filter(|(name, _)| !asks(name)) {
        headers.insert(name, value)?;
    }
    headers.insert(header::STREAM, event.stream)?;
    headers.insert(header::SEQUENCE, sequence.to_string())?;
    headers.insert(header::SUBJECT, subject.as_str())?;
    headers.insert(header::CONSUMER, *consumer)?;
    headers.insert(header::DELIVERIES, pulled.deliveries.to_string())?;
    headers.insert(header::REASON, reason(status))?;
    headers.insert(name::STATUS, status.code().number().to_string())?;
    Ok(Append {
        stream: DEAD_LETTERS.to_owned(),
        subject: SubjectBuilder::new("dlq").token(event.stream).token(consumer).build(),
        headers,
        payload: payload.clone(),
        expect: None,
        // A stream that is made anew counts from the beginning.
        id: Some(format!("dlq:{}:{sequence}:{}:{consumer}", event.stream, nanos(*time))),
    })
}

/// The letter of an event that leaves no room for why it is here.
pub(super) fn without_payload(mut letter: Append) -> Result<Append> {
    letter.headers.insert(header::BYTES, letter.payload.len().to_string())?;
    letter.payload = Bytes::new();
    Ok(letter)
}

/// Whether a header asks something of the stream that it is written to: the dead letters can't fulfil it.
fn asks(header: &str) -> bool {
    const ASKING: [&str; 6] =
        ["Nats-Batch-", "Nats-Expected-", "Nats-Incr", "Nats-Rollup", "Nats-Schedule", "Nats-TTL"];
    ASKING.iter().any(|asking| header.starts_with(asking))
}

fn nanos(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos()
}

/// The words of a status as a header may carry them.
fn reason(status: &Status) -> String {
    headers::printable(status.message()).take(REASON_BYTES_MAX).collect()
}
