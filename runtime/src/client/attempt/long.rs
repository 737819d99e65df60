//! An attempt of which the request or the answer is too long for one message.

use bytes::Bytes;
use tokio_util::task::AbortOnDropHandle;

use super::{Attempt, cancel, unknown};
use crate::connection::Connection;
use crate::content::pieces::{self, Missing};
use crate::headers::{self, Headers, name};
use crate::mux::Answer;
use crate::status::{Result, Status};
use crate::transport::BoxFuture;

/// What goes on beside a message that only says where its content is.
pub(super) enum Long {
    /// The request is sent.
    Sending(#[expect(dead_code, reason = "it ends when it is dropped")] AbortOnDropHandle<()>),
    /// The answer is fetched.
    Fetching(BoxFuture<'static, Result<(Headers, Bytes)>>),
}

impl Attempt {
    /// Fetches the answer, for as long as the call has time.
    pub(super) fn fetch(
        &self,
        connection: &Connection,
        headers: Headers,
    ) -> BoxFuture<'static, Result<(Headers, Bytes)>> {
        let (connection, end) = (connection.clone(), self.lease.end());
        let (subject, repeatable) = (self.subject.clone(), self.repeatable);
        let (method, reply) = (self.method, self.reply().clone());
        Box::pin(async move {
            let most = connection.message_bytes_max();
            let offered = headers.get(name::PIECES).unwrap_or_default();
            let fetching = pieces::fetch(&connection, offered, most);
            let fetched = tokio::time::timeout_at(end, fetching).await;
            if !matches!(fetched, Ok(Ok(_))) {
                // The server needn't hold it any longer.
                cancel(&connection, method, &reply);
            }
            let missing = match fetched {
                Ok(Ok(body)) => return Ok((headers, body)),
                Ok(Err(Missing::Refused(garbled))) => {
                    return Err(garbled.lost(format_args!("the answer of {subject}")));
                }
                Ok(Err(Missing::Lost(status))) => {
                    pieces::lost(format_args!("the answer of {subject}"), &status)
                }
                Err(_) => Status::deadline_exceeded(format!("{subject} did not answer in time")),
            };
            Err(unknown(repeatable, missing))
        })
    }
}

/// The headers of an answer that only says where it is.
pub(super) fn in_pieces(answer: &Answer) -> Option<Headers> {
    let Answer::Reply { status: None, headers: Some(block) } = answer else { return None };
    headers::find(block, name::PIECES).map(|_| Headers::decode(block))
}
