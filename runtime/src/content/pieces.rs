//! Content that one message can't hold: the message says where it is, and who takes the message fetches it from there.
//!
//! `Bb-Pieces: <bytes> <inbox>` stands in for the body of a request or of an answer. Its content is the one frame of a stream
//! between two inboxes, which travels in parts: numbered, credited, sent again when one is lost, and reported when that
//! doesn't help. All else of the call is as ever: the message itself goes where any other would, has the same
//! deadline, and is admitted, judged and repeated like any other.

use std::fmt;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use super::Garbled;
use crate::connection::Connection;
use crate::headers::{Headers, name};
use crate::mux::StreamSlot;
use crate::reply;
use crate::status::{Code, Executed, Result, Status};
use crate::stream::{Inbound, Inlet, Link, Outbound, Outlet, Port, Pump, Raw};
use crate::subject::Subject;

/// Parts that are asked for ahead; a stream's window of bytes lets fewer come.
const CREDIT: u32 = 64;

/// Silence after which content is given up.
const IDLE: Duration = Duration::from_secs(5);

/// Content that is up to be fetched.
pub(crate) struct Offer {
    port: Arc<Port>,
    slot: StreamSlot,
    pump: Pump<Raw>,
}

/// Puts content up to be fetched, and says in the headers where.
pub(crate) fn offer(
    connection: &Connection,
    content: Bytes,
    headers: &mut Headers,
) -> Result<Offer> {
    let port = Port::offering(connection);
    let outlet = Outlet::waiting(&port);
    let slot = Link::open(connection, &port, None, Some(Arc::clone(&outlet)), None);
    headers.insert(name::PIECES, format!("{} {}", content.len(), slot.subject()))?;
    metrics::counter!("bb_messages_in_pieces_total", "side" => "sent").increment(1);
    let pump = Pump::uploading(&outlet, Outbound::once(Ok(Raw(content))));
    Ok(Offer { port, slot, pump })
}

impl Offer {
    /// Sends it, and completes when it has arrived; dropped, it ends the offer.
    pub(crate) async fn send(self) -> Result<()> {
        let Self { port: _, slot: _slot, pump } = self;
        Ok(pump.await?)
    }

    /// The same, for one who may never ask: it isn't held for longer than who asks would be patient.
    pub(crate) async fn unless_unasked(self) -> Result<()> {
        let port = Arc::clone(&self.port);
        let unasked = async move {
            sleep(IDLE).await;
            if port.has_peer() {
                pending::<()>().await;
            }
        };
        tokio::select! {
            sent = self.send() => sent,
            () = unasked => Err(Status::cancelled("its caller did not fetch the answer")),
        }
    }
}

/// Fetches what a message says is elsewhere: at most `most` bytes.
///
/// # Errors
/// [`Missing::Refused`] before anything is fetched, [`Missing::Lost`] when not all of it came.
pub(crate) async fn fetch(
    connection: &Connection,
    offered: &str,
    most: usize,
) -> Result<Bytes, Missing> {
    let (bytes, peer) = parse(offered).ok_or_else(|| {
        Missing::Refused(Garbled(format!("`{offered}` doesn't say where its content is")))
    })?;
    super::within(bytes, most).map_err(Missing::Refused)?;
    metrics::counter!("bb_messages_in_pieces_total", "side" => "received").increment(1);
    let port = Port::fetching(connection, peer, bytes);
    let inlet = Inlet::new(&port, CREDIT, IDLE);
    let slot = Link::open(connection, &port, Some(Arc::clone(&inlet)), None, None);
    inlet.grant();
    let mut frames = pin!(Inbound::<Raw>::new(inlet, Arc::new(slot), None));
    let content = match frames.next().await {
        Some(Ok(Raw(content))) if content.len() == bytes => content,
        Some(Err(status)) => return Err(Missing::Lost(status)),
        other => {
            let came = other.and_then(Result::ok).map_or(0, |Raw(content)| content.len());
            let status = Status::data_loss(format!("{came} of {bytes} bytes came"));
            return Err(Missing::Lost(status));
        }
    };
    // Its end frees the other side of it.
    match frames.next().await {
        None => Ok(content),
        Some(_) => Err(Missing::Lost(Status::data_loss("the pieces don't end where they should"))),
    }
}

/// Length of what a message says is elsewhere.
pub(crate) fn length(offered: &str) -> Option<usize> {
    offered.split_once(' ')?.0.parse().ok()
}

fn parse(offered: &str) -> Option<(usize, Subject)> {
    let (bytes, inbox) = offered.split_once(' ')?;
    Some((bytes.parse().ok()?, reply::check(Some(inbox.as_bytes())).ok()?.subject))
}

/// Why content wasn't fetched.
#[derive(Debug)]
pub(crate) enum Missing {
    /// It can't be, or is too long.
    Refused(Garbled),
    /// Not all of it came.
    Lost(Status),
}

impl Missing {
    /// What the sender of a request is told: it never ran.
    pub(crate) fn of_request(&self) -> Status {
        match self {
            Self::Refused(garbled) => garbled.of_request(),
            Self::Lost(status) => lost("the request", status).with_executed(Executed::No),
        }
    }
}

/// What becomes of a message of which not all came: nobody's mistake, unless its pieces don't fit together.
pub(crate) fn lost(what: impl fmt::Display, why: &Status) -> Status {
    let code = if why.code() == Code::DataLoss { Code::DataLoss } else { Code::Unavailable };
    Status::new(code, format!("{what} did not arrive whole: {}", why.message()))
}
