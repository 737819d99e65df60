//! An event that waits to be published, as its bucket holds it.

use std::time::SystemTime;

use bytes::Bytes;

use crate::durable::{Append, Bucket, Stored, Write};
use crate::headers::{Headers, name};
use crate::status::{Result, Status};
use crate::subject::{self, Subject};

/// Where the event goes.
const STREAM: &str = "Bb-Outbox-Stream";
const SUBJECT: &str = "Bb-Outbox-Subject";
/// Key whose events are published in their order, as one token.
const KEY: &str = "Bb-Outbox-Key";

/// A row.
#[derive(Clone)]
pub(super) struct Row {
    /// Its name, and the event's id.
    pub(super) id: String,
    /// Its place in the bucket's stream.
    pub(super) sequence: u64,
    /// When it was written.
    pub(super) time: SystemTime,
    /// Key whose events keep their order, as one token.
    pub(super) key: String,
    /// Where the event goes.
    pub(super) stream: String,
    pub(super) subject: Subject,
    pub(super) headers: Headers,
    pub(super) payload: Bytes,
}

impl Row {
    /// Makes the message that is the row.
    pub(super) fn append(
        rows: &Bucket,
        key: &str,
        stream: &str,
        subject: &Subject,
        headers: &Headers,
        payload: Bytes,
    ) -> Result<Append> {
        let id = format!("{:032x}", rand::random::<u128>());
        let mut append = rows.append(&Write::create(&*id, payload), Some(0))?;
        address(&mut append, headers, &subject::escape(key), stream, subject)?;
        append.id = Some(id);
        Ok(append)
    }

    /// Makes the same message for another place. Its name and id are others, as a stream drops what bears an id again; but the
    /// same each time, so that who is interrupted moves it once.
    pub(super) fn moved(&self, place: &Bucket) -> Result<Append> {
        let Self { id, sequence, key, stream, subject, headers, payload, time: _ } = self;
        let id = blake3::hash(format!("{id} {sequence}").as_bytes()).to_hex()[..32].to_owned();
        let mut append = place.append(&Write::create(&*id, Bytes::new()), Some(0))?;
        address(&mut append, headers, key, stream, subject)?;
        // As it is stored, compressed or not.
        append.payload = payload.clone();
        append.id = Some(id);
        Ok(append)
    }

    /// Reads a row.
    ///
    /// # Errors
    /// `DATA_LOSS` when it says not where it goes.
    pub(super) fn read(stored: Stored) -> Result<Self> {
        let Stored { sequence, subject, headers, payload, time, pending: _ } = stored;
        let header = |name| {
            headers.get(name).map(str::to_owned).ok_or_else(|| {
                Status::data_loss(format!("{subject} is no event that waits: it has no {name}"))
            })
        };
        let (id, event) = (header(name::MSG_ID)?, Subject::parse(&header(SUBJECT)?)?);
        let (key, stream) = (header(KEY)?, header(STREAM)?);
        let mut own = Headers::new();
        // What the server was told with the row is not about the event.
        let ours = |name: &str| name.starts_with("Nats-") || [STREAM, SUBJECT, KEY].contains(&name);
        for (name, value) in headers.iter().filter(|(name, _)| !ours(name)) {
            own.insert(name, value)?;
        }
        Ok(Self { id, sequence, time, key, stream, subject: event, headers: own, payload })
    }

    /// The event.
    pub(super) fn event(&self, behind: u64) -> Append {
        Append {
            stream: self.stream.clone(),
            subject: self.subject.clone(),
            headers: self.headers.clone(),
            payload: self.payload.clone(),
            expect: Some(behind),
            id: Some(self.id.clone()),
        }
    }
}

/// Says where an event goes.
fn address(
    append: &mut Append,
    headers: &Headers,
    key: &str,
    stream: &str,
    subject: &Subject,
) -> Result<()> {
    for (name, value) in headers.iter() {
        append.headers.insert(name, value)?;
    }
    append.headers.insert(STREAM, stream)?;
    append.headers.insert(SUBJECT, subject.as_str())?;
    append.headers.insert(KEY, key)?;
    // An event isn't lost because values of the bucket expire.
    append.headers.insert(name::TTL, "never")
}
