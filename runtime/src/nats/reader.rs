//! Reads a connection and delivers on the spot: no channel lies between the socket and a sink.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::{Buf, BytesMut};

use super::Shared;
use super::dial::Reader;
use super::info::Info;
use super::subscriptions::Entry;
use crate::transport::{Frame, Message, Sink};
use crate::wire::parse::{Malformed, Op, Parsed, Payload, parse, status};

/// Room for one read: large enough for a batch, small enough to stay in the cache.
const READ_BYTES: usize = 64 * 1024;

/// What a connection has come to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum News {
    /// Its server is about to stop.
    LameDuck,
    /// It has ended, for a reason.
    Over(String),
}

/// Delivers the messages of one connection.
pub(super) struct Delivery {
    shared: Arc<Shared>,
    /// Number of the connection.
    number: u64,
    /// Where it leads.
    url: String,
    /// Bytes that the next operation needs at least.
    needed: usize,
    /// Whether the server has said that it is about to stop, and nobody was told.
    lame: bool,
    /// The subscriptions in order, copied so that no lock is taken per message.
    entries: Vec<Known>,
    version: u64,
    /// Counts batches.
    batch: u64,
    /// Messages given to a sink in this batch.
    delivered: u64,
    /// Sinks that got something in this batch.
    touched: Vec<Arc<dyn Sink>>,
}

struct Known {
    id: u64,
    entry: Entry,
    /// The last batch in which it got something.
    batch: u64,
}

impl Delivery {
    pub(super) fn new(shared: &Arc<Shared>, number: u64, url: String) -> Self {
        Self {
            shared: Arc::clone(shared),
            number,
            url,
            needed: 0,
            lame: false,
            entries: Vec::new(),
            version: u64::MAX,
            batch: 0,
            delivered: 0,
            touched: Vec::new(),
        }
    }

    /// Reads until there is news. Nothing is lost when it is dropped before.
    pub(super) async fn read(&mut self, reader: &mut Reader, buffer: &mut BytesMut) -> News {
        loop {
            // What the handshake left over may be whole messages already.
            if !buffer.is_empty() && buffer.len() >= self.needed {
                match self.batch(buffer) {
                    Ok(more) => self.needed = more,
                    Err(malformed) => return News::Over(malformed.to_string()),
                }
                if std::mem::take(&mut self.lame) {
                    return News::LameDuck;
                }
            }
            let room = READ_BYTES.max(self.needed.saturating_sub(buffer.len()));
            if buffer.capacity() - buffer.len() < room / 2 {
                buffer.reserve(room);
            }
            match reader.read(buffer).await {
                Ok(0) => return News::Over("the server closed it".to_owned()),
                Ok(_) => {}
                Err(error) => return News::Over(error.to_string()),
            }
        }
    }

    /// Delivers every whole operation of the buffer; returns how many bytes the next one needs at least.
    fn batch(&mut self, buffer: &mut BytesMut) -> Result<usize, Malformed> {
        self.batch += 1;
        let mut at = 0;
        let mut messages = 0;
        let needed = loop {
            let (op, used) = match parse(&buffer[at..])? {
                Parsed::Op(op, used) => (op, used),
                Parsed::Partial(needed) => break needed,
            };
            match op {
                Op::Message(payload) => {
                    messages += 1;
                    if self.lend(&buffer[at..at + used], &payload) {
                        at += used;
                    } else {
                        buffer.advance(at);
                        at = 0;
                        let bytes = buffer.split_to(used);
                        self.give(bytes, &payload);
                    }
                    continue;
                }
                Op::Ping => self.shared.writer.pong(self.number),
                Op::Pong => self.shared.writer.ponged(self.number),
                Op::Ok => {}
                Op::Info(json) => self.informed(&buffer[at..][json]),
                Op::Err(text) => self.complained(&buffer[at..][text]),
            }
            at += used;
        };
        buffer.advance(at);
        self.shared.received.fetch_add(messages, Ordering::Relaxed);
        let delivered = std::mem::take(&mut self.delivered);
        self.shared.delivered.fetch_add(delivered, Ordering::Relaxed);
        for sink in self.touched.drain(..) {
            sink.idle();
        }
        Ok(needed)
    }

    /// Offers a message to its sink where it lies; `false` when the sink wants one of its own.
    fn lend(&mut self, bytes: &[u8], payload: &Payload) -> bool {
        let Some(sink) = self.sink(payload.sid) else {
            self.orphaned();
            return true;
        };
        let headers = payload.headers.clone().map(|range| &bytes[range]);
        let frame = Frame {
            subject: &bytes[payload.subject.clone()],
            reply: payload.reply.clone().map(|range| &bytes[range]),
            status: headers.and_then(status),
            headers,
            payload: &bytes[payload.body.clone()],
        };
        let accepted = caught(|| sink.accept(&frame)).unwrap_or(true);
        self.delivered += u64::from(accepted);
        accepted
    }

    /// Delivers a message that was taken out of the buffer.
    fn give(&mut self, bytes: BytesMut, payload: &Payload) {
        let bytes = bytes.freeze();
        let Some(sink) = self.sink(payload.sid) else { return self.orphaned() };
        let headers = payload.headers.clone().map(|range| bytes.slice(range));
        let message = Message {
            subject: bytes.slice(payload.subject.clone()),
            reply: payload.reply.clone().map(|range| bytes.slice(range)),
            status: headers.as_deref().and_then(status),
            headers,
            payload: bytes.slice(payload.body.clone()),
        };
        caught(|| sink.deliver(message));
        self.delivered += 1;
    }

    fn sink(&mut self, sid: u64) -> Option<&Arc<dyn Sink>> {
        let version = self.shared.subscriptions.version();
        if version != self.version {
            self.version = version;
            let entries = self.shared.subscriptions.entries();
            let known = |(id, entry)| Known { id, entry, batch: 0 };
            self.entries = entries.into_iter().map(known).collect();
        }
        let at = self.entries.binary_search_by_key(&sid, |known| known.id).ok()?;
        let known = &mut self.entries[at];
        if known.batch != self.batch {
            known.batch = self.batch;
            self.touched.push(Arc::clone(&known.entry.sink));
        }
        Some(&known.entry.sink)
    }

    fn orphaned(&self) {
        self.shared.orphaned.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("bb_messages_lost_total", "role" => self.shared.role).increment(1);
        tracing::error!(role = self.shared.role, "a message came for a subscription that is gone");
    }

    fn informed(&mut self, json: &[u8]) {
        let Ok(info) = serde_json::from_slice::<Info>(json) else { return };
        self.shared.informed(&self.url, &info);
        if info.ldm {
            self.lame = true;
            metrics::counter!("bb_lame_duck_total", "role" => self.shared.role).increment(1);
            tracing::warn!(
                role = self.shared.role,
                server = info.server_name,
                "the server is about to stop"
            );
        }
    }

    fn complained(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        metrics::counter!("bb_server_errors_total", "role" => self.shared.role).increment(1);
        tracing::warn!(role = self.shared.role, error = %text, "the server complained");
        if text.to_ascii_lowercase().starts_with("permissions violation")
            && let Some(subject) = text.split('"').nth(1)
        {
            for (_, entry) in self.shared.subscriptions.entries() {
                caught(|| entry.sink.refused(subject));
            }
        }
    }
}

/// Contains a panic of a sink: the connection serves others, too.
fn caught<T>(deliver: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(deliver));
    if result.is_err() {
        tracing::error!("a sink panicked");
        metrics::counter!("bb_sink_panics_total").increment(1);
    }
    result.ok()
}
