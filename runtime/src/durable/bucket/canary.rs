//! A write that tells whether a bucket takes writes.

use bytes::Bytes;

use super::Bucket;
use crate::durable::{Append, RevisionConflict};
use crate::headers::Headers;
use crate::status::{Code, Result};
use crate::subject::SubjectBuilder;

/// Writes of one canary that may collide with another's on the same key.
const COLLISIONS_MAX: usize = 3;

impl Bucket {
    /// Writes nothing under a key that is none, where readers and events don't look, if its revision is the one given
    /// or whatever another canary left.
    pub(crate) async fn try_key(&self, key: &str, revision: u64) -> Result<u64> {
        let subject =
            SubjectBuilder::new("$KV").literal(self.name).literal("_bb.canary").token(key);
        let mut append = Append {
            stream: self.stream.clone(),
            subject: subject.build(),
            headers: Headers::new(),
            payload: Bytes::new(),
            expect: Some(revision),
            id: None,
        };
        for _ in 1..COLLISIONS_MAX {
            match self.durable.append(append.clone()).await {
                // A refusal is no proof: the leader says it without asking its replicas.
                Err(status) if status.code() == Code::Aborted => {
                    append.expect = RevisionConflict::current(&status);
                }
                written => return Ok(written?.sequence),
            }
        }
        Ok(self.durable.append(append).await?.sequence)
    }
}
