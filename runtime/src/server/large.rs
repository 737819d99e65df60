//! Requests that don't come as they are, and answers that are too long to go as they are.

use std::sync::Arc;

use bytes::Bytes;

use super::admission::dispatch;
use super::handler;
use super::incoming::Incoming;
use crate::connection::Connection;
use crate::content::{self, PLAIN_BYTES_MAX};
use crate::context::Context;
use crate::headers::Headers;
use crate::status::{Executed, Result};
use crate::transport::Body;

/// Makes the content of a request plain and hands it to the service: on a task of its own, because the reading task has
/// others to serve.
pub(super) fn receive(mut incoming: Incoming) {
    incoming.context.leave_reading_task();
    tokio::spawn(async move {
        let (server, index) = (Arc::clone(&incoming.permit.server), incoming.permit.index);
        match incoming.unwrap() {
            Ok(()) => dispatch(&server, index, incoming),
            Err(status) => incoming.fail(&status),
        }
    });
}

/// Publishes an answer of any length.
pub(super) fn answer(
    connection: &Connection,
    context: &Context,
    headers: &Headers,
    body: &dyn Body,
) -> Result<()> {
    if body.len() <= PLAIN_BYTES_MAX {
        return handler::answer(connection, context, headers, body);
    }
    match wrap(connection, context, headers, body) {
        Ok((headers, body)) => handler::answer(connection, context, &headers, &body),
        Err(status) => Err(handler::answer_error(connection, context, status)),
    }
}

/// An answer as it travels.
fn wrap(
    connection: &Connection,
    context: &Context,
    headers: &Headers,
    body: &dyn Body,
) -> Result<(Headers, Bytes)> {
    let may_send = content::may_send("response", body.len(), connection);
    may_send.map_err(|status| status.with_executed(Executed::Yes))?;
    let (mut headers, body) = (headers.clone(), body.to_bytes());
    let body = if content::accepts(context) { content::pack(body, &mut headers) } else { body };
    Ok((headers, body))
}
