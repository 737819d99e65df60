//! Events that are published if, and only if, a write happens.
//!
//! A write and the rows of its events are one step: they lie in one stream, the rows under keys that are none. Of all
//! instances one, which a lease in the same stream names, publishes the rows and purges each once the event's stream has
//! acknowledged it: a deletion would leave a trace for each, or, if that expires, bring rows back when a server is killed. Rows of one key go out one after the other.
//!
//! What protects from doubles is more than the id, which a stream remembers for a while only: an event is appended behind
//! the one of its subject that was the last when it was made sure that it isn't there yet. So who was held up between looking
//! and publishing, for however long, is refused.
//!
//! What its stream will never take would hold up what is behind it for ever. It is put aside, beneath a name of its own in the same
//! stream, and waits there for somebody to put it back.

use std::fmt;

use bytes::Bytes;

use crate::durable::{Append, Bucket, StreamConfig};
use crate::event::{self, Event};
use crate::headers::Headers;
use crate::seal::Guard;
use crate::spec::Sealed;
use crate::status::{Result, Status};
use crate::subject::Subject;
use crate::telemetry::trace;

mod backlog;
mod publish;
mod queue;
pub(crate) mod refused;
mod relay;
mod row;

pub(crate) use relay::start;
use row::Row;

/// Below what the rows of a bucket lie.
const ROWS: &str = "outbox";
/// Below what the lease lies of who publishes them.
const LEASES: &str = "lease";

/// Events to be published with a write.
#[derive(Default, Clone)]
pub struct Outgoing {
    events: Vec<Sending>,
    mistake: Option<Status>,
}

#[derive(Clone)]
struct Sending {
    config: StreamConfig,
    subject: Subject,
    headers: Headers,
    payload: Bytes,
    /// What is sealed of it.
    sealed: Option<Sealed>,
}

impl Outgoing {
    /// Publishes an event if the write happens. A mistake, such as an event that is itself the write of a bucket, fails the
    /// write with `FAILED_PRECONDITION`.
    pub fn publish<E: Event>(&mut self, event: &E) {
        let spec = E::spec();
        if let Err(mistake) = event::may_publish(spec) {
            self.mistake = Some(mistake);
        }
        let mut headers = Headers::new();
        trace::inject_current(&mut headers);
        self.events.push(Sending {
            config: StreamConfig::of_event(spec),
            subject: event.subject(),
            headers,
            payload: event.encode_to_vec().into(),
            sealed: spec.sealed,
        });
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty() && self.mistake.is_none()
    }

    /// The rows, to be written in one step with a key.
    pub(crate) fn rows(self, bucket: &Bucket, key: &str, has_outbox: bool) -> Result<Vec<Append>> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        if !has_outbox && !self.events.is_empty() {
            return Err(Status::failed_precondition(format!(
                "nobody would publish the events: open the store of bucket {} with its outbox",
                bucket.name()
            )));
        }
        let rows = bucket.beneath(ROWS);
        let row = |sending: Sending| {
            let Sending { config, subject, headers, payload, sealed } = sending;
            rows.durable().assume(&config);
            // As the event: whoever publishes it later needs no key.
            let guard = sealed.map(|sealed| bucket.protection().stored(sealed));
            let payload = Guard::seal_with(guard.as_ref(), payload)?;
            Row::append(&rows, key, &config.name, &subject, &headers, payload)
        };
        self.events.into_iter().map(row).collect()
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subjects = self.events.iter().map(|event| &event.subject);
        f.debug_list().entries(subjects).finish()
    }
}
