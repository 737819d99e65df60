//! What remains of an event that nobody could handle.

use crate::durable::{Append, DEAD_LETTERS, Pulled, Stored};
use crate::headers::{Headers, name};
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
}

/// Longest reason in bytes.
const REASON_BYTES_MAX: usize = 256;

/// Writes the dead letter: the event as it was, and why it is here. Its id makes it one however often it is written.
pub(super) fn write(spec: &ConsumeSpec, pulled: &Pulled, status: &Status) -> Result<Append> {
    let ConsumeSpec { durable: consumer, event } = spec;
    let Stored { sequence, subject, headers: had, payload, .. } = &pulled.message;
    // What the event expected of its own stream, the dead letters can't fulfil.
    let mut headers = Headers::new();
    for (name, value) in had.iter().filter(|(name, _)| !name.starts_with("Nats-Expected-")) {
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
        id: Some(format!("dlq:{}:{sequence}:{consumer}", event.stream)),
    })
}

/// The words of a status as a header may carry them.
fn reason(status: &Status) -> String {
    let printable = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
    status.message().chars().map(printable).take(REASON_BYTES_MAX).collect()
}
