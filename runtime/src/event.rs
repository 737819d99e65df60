//! Events: published to a stream, handled by whoever consumes them, and read by whoever watches.

use std::time::{Duration, Instant, SystemTime};

use prost::{Message, Name};
use tracing::{Instrument as _, Span};

use crate::connection::Connection;
use crate::content;
use crate::durable::{Append, StreamConfig};
use crate::headers::{Headers, name};
use crate::seal::Guard;
use crate::spec::EventSpec;
use crate::status::{Result, Status};
use crate::subject::Subject;
use crate::telemetry::trace;

mod consumers;
mod dead_letter;
mod failures;
mod handling;
mod in_hand;
mod received;

pub use consumers::{Consumers, Tuning, start_consumers, start_consumers_with};
pub use received::{Events, Received};

/// A message that is an event. Generated code implements it.
pub trait Event: Message + Default + Name + 'static {
    /// What the schema says.
    fn spec() -> &'static EventSpec;

    /// Where this one is published.
    fn subject(&self) -> Subject;
}

/// An event that its stream has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// The stream.
    pub stream: &'static str,
    /// Place in the stream.
    pub sequence: u64,
    /// Whether the stream had an event of this id already, and kept that.
    pub duplicate: bool,
}

/// What a publication says beyond the event.
#[derive(Debug, Clone, Default)]
pub struct Publication {
    id: Option<String>,
    expires_in: Option<Duration>,
}

impl Publication {
    /// Says nothing beyond the event.
    #[must_use]
    pub const fn new() -> Self {
        Self { id: None, expires_in: None }
    }

    /// Stores one event however often it is published under this id, within the stream's window.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Makes the event worthless after a time: consumers then pass over it.
    #[must_use]
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires_in = Some(time);
        self
    }
}

impl Connection {
    /// Publishes an event and waits until its stream has it.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` when the event is the write of a bucket, `UNAVAILABLE` when it provably wasn't stored,
    /// `UNKNOWN_OUTCOME` when nobody can know.
    pub async fn publish<E: Event>(&self, event: &E) -> Result<Published> {
        self.publish_as(event, Publication::new()).await
    }

    /// Publishes an event with an id of the caller's, or for a while only.
    ///
    /// # Errors
    /// As [`Connection::publish`].
    pub async fn publish_as<E: Event>(&self, event: &E, how: Publication) -> Result<Published> {
        let spec = E::spec();
        may_publish(spec)?;
        let durable = self.durable();
        durable.assume(&StreamConfig::of_event(spec));
        let guard = spec.sealed.map(|sealed| self.protection().stored(sealed));
        let sealed = Guard::seal_with(guard.as_ref(), event.encode_to_vec().into())?;
        let span = trace::publish(spec);
        let mut headers = headers(&how, &span)?;
        let payload = content::pack_to_keep(sealed, &mut headers);
        let append = Append {
            stream: spec.stream.to_owned(),
            subject: event.subject(),
            headers,
            payload,
            expect: None,
            id: how.id,
        };
        let began = Instant::now();
        let appended = durable.append(append).instrument(span.clone()).await;
        trace::ended(&span, appended.as_ref().map(drop));
        let code = appended.as_ref().map_or_else(|status| status.code().name(), |_| "OK");
        metrics::histogram!("bb_events_published_seconds", "event" => spec.name, "code" => code)
            .record(began.elapsed());
        let appended = appended?;
        Ok(Published {
            stream: spec.stream,
            sequence: appended.sequence,
            duplicate: appended.duplicate,
        })
    }
}

/// Refuses an event that is itself the write of a bucket.
pub(crate) fn may_publish(spec: &EventSpec) -> Result<()> {
    match spec.bucket {
        None => Ok(()),
        Some(bucket) => Err(Status::failed_precondition(format!(
            "{} is the write of bucket {bucket}: write it there, and it is published",
            spec.name
        ))),
    }
}

/// The trace that the publication is part of, and when the event ends.
fn headers(how: &Publication, span: &Span) -> Result<Headers> {
    let mut headers = Headers::new();
    if !trace::inject(span, &mut headers) {
        trace::inject_current(&mut headers);
    }
    if let Some(time) = how.expires_in {
        headers.insert(name::DEADLINE, millis(SystemTime::now() + time).to_string())?;
    }
    Ok(headers)
}

fn millis(time: SystemTime) -> u128 {
    time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis())
}
