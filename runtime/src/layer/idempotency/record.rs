//! What is stored under an idempotency key.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use prost::Message;

use super::sightings::GRACE;
use crate::clock::unsigned_millis;
use crate::headers::{Headers, name};
use crate::layer::Response;
use crate::shown::Length;
use crate::spec::{Sealed, SealedField, SealedMessage};
use crate::status::{self, Result, Status};

/// What is stored under an idempotency key.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Record {
    /// Hash of the request.
    #[prost(bytes = "bytes", tag = "1")]
    pub(super) request: Bytes,
    /// Time that the call had left when it claimed the key, and a grace.
    #[prost(uint64, tag = "2")]
    left_ms: u64,
    /// The answer, once there is one.
    #[prost(message, optional, tag = "3")]
    pub(super) answer: Option<Answer>,
}

/// What of a record is sealed where the method has sensitive fields: the hash, and the answer's body.
pub(super) const SEALED: Sealed = Sealed {
    messages: &[
        SealedMessage {
            name: "the kept answer",
            fields: &[
                SealedField { number: 1, name: "request", inside: None },
                SealedField { number: 3, name: "answer", inside: Some(1) },
            ],
        },
        SealedMessage {
            name: "Answer",
            fields: &[SealedField { number: 2, name: "body", inside: None }],
        },
    ],
    index: 0,
};

/// An answer, as it went over the wire.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(super) struct Answer {
    #[prost(message, repeated, tag = "1")]
    headers: Vec<Header>,
    #[prost(bytes = "bytes", tag = "2")]
    body: Bytes,
}

#[derive(Clone, PartialEq, Message)]
struct Header {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("answer", &self.answer).finish_non_exhaustive()
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("body", &Length(&self.body)).finish_non_exhaustive()
    }
}

impl Record {
    /// What the first call writes, which has this much time.
    pub(super) fn claim(request: Bytes, left: Duration) -> Self {
        Self { request, left_ms: unsigned_millis(left + GRACE), answer: None }
    }

    /// What it writes in the end.
    pub(super) fn answered(request: Bytes, answer: Answer) -> Self {
        Self { request, left_ms: 0, answer: Some(answer) }
    }

    /// How long the key is the call's from when it claimed it.
    pub(super) fn left(&self) -> Duration {
        Duration::from_millis(self.left_ms)
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self> {
        Self::decode(bytes).map_err(|error| {
            Status::data_loss(format!("what is kept under the idempotency key is broken: {error}"))
        })
    }
}

impl Answer {
    /// Takes down how a call ended.
    pub(super) fn of(result: &Result<Response>) -> Self {
        let (headers, body) = match result {
            Ok(Response { headers, body }) => (headers.clone(), body.clone()),
            Err(status) => {
                let (headers, body) = status::wire::encode(status);
                (headers, body.into())
            }
        };
        let headers = headers
            .iter()
            .map(|(name, value)| Header { name: name.to_owned(), value: value.to_owned() });
        Self { headers: headers.collect(), body }
    }

    /// Ends another call the same way, and says so.
    pub(super) fn replay(self) -> Result<Response> {
        let mut headers = Headers::new();
        for Header { name, value } in &self.headers {
            headers.insert(name, value)?;
        }
        if let Some(status) = status::wire::decode(&headers, &self.body) {
            return Err(status);
        }
        headers.insert(name::REPLAYED, "1")?;
        Ok(Response { headers, body: self.body })
    }
}
