//! Requests that don't come as they are, and answers that are too long to go as they are.

use std::sync::Arc;

use bytes::Bytes;

use super::admission::dispatch;
use super::handler;
use super::incoming::Incoming;
use crate::connection::Connection;
use crate::content::{self, LONGEST_MAX, PLAIN_BYTES_MAX, Space, pieces};
use crate::context::Context;
use crate::headers::{Headers, name};
use crate::status::{Executed, Result};
use crate::transport::{Body, BoxFuture};

/// Makes the content of a request whole and plain, and hands it to the service: on a task of its own, because the reading
/// task has others to serve. A caller who leaves, or whose time is over, frees what has come.
pub(super) fn receive(mut incoming: Incoming) {
    incoming.permit.leave_reading_task();
    tokio::spawn(async move {
        let (server, index) = (Arc::clone(&incoming.permit.server), incoming.permit.index);
        match Room::take(&incoming) {
            Ok(room) => incoming.permit.room = Some(room),
            Err(status) => return incoming.fail(&status),
        }
        match fetch(&mut incoming).await {
            None => {}
            Some(_) if incoming.context().is_cancelled() => {
                handler::given_up(&incoming.permit, incoming.arrived);
            }
            Some(Err(status)) => incoming.fail(&status),
            Some(Ok(())) => match incoming.unwrap() {
                Ok(()) => dispatch(&server, index, incoming),
                Err(status) => incoming.fail(&status),
            },
        }
    });
}

/// Space for the long requests in flight: others are shed, however many calls the schema allows. Those to critical methods
/// have some of their own.
#[derive(Debug, Default)]
pub(super) struct Long {
    usual: Arc<Space>,
    critical: Arc<Space>,
}

/// Room that a long request takes until its call is over.
pub(super) struct Room {
    space: Arc<Space>,
    bytes: usize,
}

impl Room {
    /// Takes the room that a request says it needs. One that is too long is refused elsewhere.
    fn take(incoming: &Incoming) -> Result<Self> {
        let most = incoming.connection().message_bytes_max();
        let bytes = content::length(incoming.context().headers(), incoming.payload()).min(most);
        let Long { usual, critical } = &incoming.permit.server.long;
        let space = if incoming.method().critical { critical } else { usual };
        match space.take(bytes, most) {
            Ok(()) => Ok(Self { space: Arc::clone(space), bytes }),
            Err(held) => Err(incoming.permit.method().shed(format!(
                "long requests of {held} bytes are in flight, and this one has {bytes}: an instance holds as much as \
                 {LONGEST_MAX} of the longest"
            ))),
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.space.give_back(self.bytes);
    }
}

/// Fetches the request, if its message only says where it is; `None` when nobody wants it any more.
async fn fetch(incoming: &mut Incoming) -> Option<Result<()>> {
    let Incoming { permit, arrived, .. } = &*incoming;
    let Some(offered) = permit.context.header(name::PIECES) else { return Some(Ok(())) };
    let connection = &incoming.connection().or_other();
    let fetching = pieces::fetch(connection, offered, connection.message_bytes_max());
    let fetched = handler::while_wanted(permit, *arrived, fetching).await?;
    Some(fetched.map(|body| incoming.fetched(body)).map_err(|missing| missing.of_request()))
}

/// Publishes an answer of any length, its sensitive fields sealed. What is returned sends the rest of one that a message
/// can't hold; until it has completed the call isn't over.
pub(super) fn answer(
    connection: &Connection,
    context: &Context,
    headers: &Headers,
    body: &dyn Body,
) -> Result<Option<BoxFuture<'static, Result<()>>>> {
    let guard = context.method().and_then(|method| connection.protection().response(method));
    let sealed = match guard.map(|guard| guard.seal(&body.to_bytes())).transpose() {
        Ok(sealed) => sealed.flatten(),
        Err(status) => return Err(handler::answer_error(connection, context, status)),
    };
    let body = sealed.as_ref().map_or(body, |sealed| sealed as &dyn Body);
    if body.len() <= PLAIN_BYTES_MAX {
        return handler::answer(connection, context, headers, body).map(|()| None);
    }
    let connection = &connection.or_other();
    match wrap(connection, context, headers, body) {
        Ok((headers, body, rest)) => {
            handler::answer(connection, context, &headers, &body)?;
            Ok(rest)
        }
        Err(status) => Err(handler::answer_error(connection, context, status)),
    }
}

type Wrapped = (Headers, Bytes, Option<BoxFuture<'static, Result<()>>>);

/// An answer as it travels.
fn wrap(
    connection: &Connection,
    context: &Context,
    headers: &Headers,
    body: &dyn Body,
) -> Result<Wrapped> {
    let may_send = content::may_send("response", body.len(), connection);
    may_send.map_err(|status| status.with_executed(Executed::Yes))?;
    let (mut headers, body) = (headers.clone(), body.to_bytes());
    let body = if content::accepts(context) { content::pack(body, &mut headers) } else { body };
    let fits = headers.encoded_len() + body.len() <= connection.tx().max_payload();
    // Others wouldn't know what to do with pieces: `answer` says what is wrong.
    if fits || !content::is_ours(context) {
        return Ok((headers, body, None));
    }
    let sending = pieces::offer(connection, body, &mut headers)?.unless_unasked();
    Ok((headers, Bytes::new(), Some(Box::pin(sending))))
}
