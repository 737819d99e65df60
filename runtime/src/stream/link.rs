//! Where a stream meets its transport: what it publishes through, and what its inbox delivers.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::packet::{self, Packet};
use super::split::Sizes;
use super::{DIRECT_STREAMS_MAX, Inlet, Outlet};
use crate::connection::Connection;
use crate::headers::{self, Headers, name};
use crate::mux::StreamSlot;
use crate::reply;
use crate::status::{self, Executed, Result, Status};
use crate::subject::Subject;
use crate::transport::{Flush, Message, Outgoing, Sink, Transport};

/// Status of the server's answer to a message that nobody subscribes to.
const NO_RESPONDERS: u16 = 503;

/// What both directions of a stream publish through.
pub(crate) struct Port {
    tx: Arc<dyn Transport>,
    own: OnceLock<Subject>,
    peer: OnceLock<Subject>,
    flush: Flush,
    /// Longest frame that is taken.
    bytes_max: usize,
    sizes: Sizes,
}

impl Port {
    /// Makes a port; the peer is known when its inbox is, or else learnt from its first message.
    pub(crate) fn new(connection: &Connection, peer: Option<Subject>) -> Arc<Self> {
        // Who answers a call of ours is a server of this schema; who calls says by its inbox what it is.
        let is_ours = peer.as_ref().is_none_or(|peer| reply::is_ours(peer.as_str()));
        let most = connection.message_bytes_max();
        let sizes = Sizes::new(connection.tx().max_payload(), most, is_ours, true);
        Self::with(connection, peer, most, sizes)
    }

    /// Makes a port for content that is as short as it gets, for whoever fetches it.
    pub(crate) fn offering(connection: &Connection) -> Arc<Self> {
        let sizes = Sizes::new(connection.tx().max_payload(), usize::MAX, true, false);
        Self::with(connection, None, 0, sizes)
    }

    /// Makes a port for content of some bytes that is fetched from an inbox.
    pub(crate) fn fetching(connection: &Connection, peer: Subject, bytes: usize) -> Arc<Self> {
        let sizes = Sizes::new(connection.tx().max_payload(), 0, true, false);
        Self::with(connection, Some(peer), bytes, sizes)
    }

    fn with(
        connection: &Connection,
        peer: Option<Subject>,
        bytes_max: usize,
        sizes: Sizes,
    ) -> Arc<Self> {
        let few = connection.mux().streams() < DIRECT_STREAMS_MAX;
        Arc::new(Self {
            tx: Arc::clone(connection.tx()),
            own: OnceLock::new(),
            peer: peer.map_or_else(OnceLock::new, OnceLock::from),
            flush: if few { Flush::Now } else { Flush::Soon },
            bytes_max,
            sizes: if few { sizes.alone() } else { sizes },
        })
    }

    /// Longest frame that is taken.
    pub(super) fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    /// How frames are sent.
    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// How soon a message leaves that its stream's own task publishes.
    pub(crate) fn flush(&self) -> Flush {
        self.flush
    }

    /// Whether anything of the peer is known.
    pub(crate) fn has_peer(&self) -> bool {
        self.peer.get().is_some()
    }

    pub(super) fn transport(&self) -> &Arc<dyn Transport> {
        &self.tx
    }

    /// Publishes to the peer's inbox, naming the own one if the peer has to know it or nobody there is to be told.
    pub(super) fn send(
        &self,
        headers: &Headers,
        body: &Bytes,
        with_reply: bool,
        flush: Flush,
    ) -> Result<()> {
        let Some(subject) = self.peer.get() else {
            return Err(Status::unavailable("the stream has not opened"));
        };
        let reply = if with_reply { self.own.get() } else { None };
        self.tx.publish(&Outgoing { subject, reply, headers, body, expires: None, flush })
    }
}

/// Takes what arrives in a stream's inbox.
pub(crate) struct Link {
    port: Arc<Port>,
    inlet: Option<Arc<Inlet>>,
    outlet: Option<Arc<Outlet>>,
    /// Where the opening message goes, on the calling side.
    opening: Option<Subject>,
}

impl Link {
    /// Opens an inbox for a stream, and passes time to it.
    pub(crate) fn open(
        connection: &Connection,
        port: &Arc<Port>,
        inlet: Option<Arc<Inlet>>,
        outlet: Option<Arc<Outlet>>,
        opening: Option<Subject>,
    ) -> StreamSlot {
        if let Some(inlet) = &inlet {
            let inlet: Arc<dyn super::keeper::Ticked> = Arc::clone(inlet) as _;
            connection.streams().keep(Arc::downgrade(&inlet));
        }
        if let Some(outlet) = &outlet {
            let outlet: Arc<dyn super::keeper::Ticked> = Arc::clone(outlet) as _;
            connection.streams().keep(Arc::downgrade(&outlet));
        }
        let link = Self { port: Arc::clone(port), inlet, outlet, opening };
        let slot = connection.mux().stream(Arc::new(link));
        let _ = port.own.set(slot.subject().clone());
        slot
    }

    fn learn_peer(&self, message: &Message) {
        if self.port.has_peer() || message.reply.is_none() {
            return;
        }
        match reply::check(message.reply.as_deref()) {
            Ok(peer) => drop(self.port.peer.set(peer.subject)),
            Err(refusal) => refuse(&refusal.to_string()),
        }
    }

    fn ended(&self, headers: &Headers, payload: Bytes) {
        let Some(inlet) = &self.inlet else { return refuse("an end where no frames are expected") };
        let failure = status::wire::decode(headers, &payload);
        let count = headers.get(name::EOS).map(str::parse::<u64>);
        match (count, failure) {
            (Some(Ok(count)), _) if count == u64::MAX => refuse("an end that counts too much"),
            (Some(Ok(count)), Some(failure)) => inlet.end(None, count, Err(failure)),
            (Some(Ok(count)), None) => match packet::parse(&payload) {
                Ok(Packet::Frames(span)) => inlet.end(Some((span, payload)), count, Ok(())),
                Ok(Packet::Control(_)) => refuse("an end with a control message"),
                Err(malformed) => refuse(malformed.0),
            },
            (None, Some(failure)) => inlet.fail_plainly(failure),
            (Some(Err(_)), _) => refuse("an end without its count"),
            // Headers that say nothing, such as a trace.
            (None, None) => self.packet(payload),
        }
    }

    fn packet(&self, payload: Bytes) {
        match packet::parse(&payload) {
            Ok(Packet::Frames(span)) => match &self.inlet {
                Some(inlet) => inlet.frames(span, payload),
                None => refuse("frames where none are expected"),
            },
            Ok(Packet::Control(control)) => {
                // A grant for the one direction opens the other.
                if let Some(inlet) = &self.inlet {
                    inlet.heard();
                }
                match &self.outlet {
                    Some(outlet) => outlet.control(&control),
                    None => refuse("a control message where none is expected"),
                }
            }
            Err(malformed) => refuse(malformed.0),
        }
    }

    fn fail(&self, status: &Status) {
        if let Some(inlet) = &self.inlet {
            inlet.fail_plainly(status.clone());
        }
        if let Some(outlet) = &self.outlet {
            outlet.stop(status.clone());
        }
    }

    fn nobody_there(&self) {
        match (&self.opening, &self.inlet) {
            (Some(opening), Some(inlet)) if !inlet.is_open() => {
                let status = Status::unavailable(format!("no instance listens on {opening}"));
                self.fail(&status.with_executed(Executed::No));
            }
            _ => {
                if let Some(inlet) = &self.inlet {
                    inlet.no_producer();
                }
                if let Some(outlet) = &self.outlet {
                    outlet.no_reader();
                }
            }
        }
    }
}

impl Sink for Link {
    fn deliver(&self, message: Message) {
        if message.status == Some(NO_RESPONDERS) {
            return self.nobody_there();
        }
        self.learn_peer(&message);
        match &message.headers {
            None => self.packet(message.payload),
            Some(block) => self.ended(&headers::Headers::decode(block), message.payload),
        }
    }

    fn disconnected(&self) {
        match (&self.opening, &self.inlet) {
            (Some(opening), Some(inlet)) if !inlet.is_open() => {
                let status = Status::unavailable(format!(
                    "the connection broke while a stream of {opening} was opened"
                ));
                self.fail(&status.with_executed(Executed::Unknown));
            }
            (_, Some(inlet)) => inlet.disconnected(),
            _ => {}
        }
    }

    fn refused(&self, subject: &str) {
        if self.opening.as_ref().is_some_and(|opening| opening.as_str() == subject) {
            let status = Status::permission_denied(format!(
                "the server forbids publishing to {subject}: does the schema declare the call?"
            ));
            self.fail(&status.with_executed(Executed::No));
        }
    }
}

/// Passes over a message that isn't understood. If frames were in it, their numbers are missing now, and the reader
/// notices by itself.
fn refuse(why: &str) {
    metrics::counter!("bb_stream_messages_refused_total").increment(1);
    tracing::warn!(why, "stream message refused");
}
