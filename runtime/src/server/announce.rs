//! Answers discovery for one instance.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::Inner;
use super::membership::Lane;
use crate::connection::Connection;
use crate::headers::Headers;
use crate::reply;
use crate::status::Result;
use crate::transport::{Flush, Message, Outgoing, Sink};

/// Subscribes to everything that asks for this instance.
pub(super) fn subscribe(server: &Arc<Inner>) -> Result<()> {
    // Each question once for all strands, whichever of them are there: the server chooses, as for any queue group.
    let group = (server.desks.len() > 1).then_some(server.id.as_str());
    for (number, desk) in server.desks.iter().enumerate() {
        let connection = desk.connection.clone();
        let server = Arc::clone(server);
        let sink: Arc<dyn Sink> = Arc::new(DiscoverySink {
            server: Arc::clone(&server),
            connection,
            answered: Mutex::default(),
        });
        for filter in server.discovery.filters() {
            let id = desk.connection.rx().subscribe(&filter, group, Arc::clone(&sink))?;
            server.subscribed(Lane::Usual(number), id);
        }
    }
    Ok(())
}

/// A subject and a reply subject.
type Question = (Bytes, Option<Bytes>);

struct DiscoverySink {
    server: Arc<Inner>,
    connection: Connection,
    /// While questions may come twice: those that were answered.
    answered: Mutex<Option<HashSet<Question>>>,
}

impl DiscoverySink {
    /// Whether a question is another than those before.
    fn is_new(&self, message: &Message) -> bool {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answered) = answered.as_mut() else { return true };
        let own = Bytes::copy_from_slice;
        answered.insert((own(&message.subject), message.reply.as_deref().map(own)))
    }
}

impl Sink for DiscoverySink {
    fn deliver(&self, message: Message) {
        // Without a reply subject it is a mistake, with another's subject an attack: neither is answered.
        let Ok(checked) = reply::check(message.reply.as_deref()) else { return };
        let reply = checked.subject;
        let Ok(subject) = std::str::from_utf8(&message.subject) else { return };
        if !self.is_new(&message) {
            return;
        }
        let now = self.server.seat.told();
        let Some(document) = self.server.discovery.answer(subject, now) else { return };
        let answered = self.connection.say(&Outgoing {
            subject: &reply,
            reply: None,
            headers: &Headers::new(),
            body: &document,
            expires: None,
            flush: Flush::Later,
        });
        if let Err(status) = answered {
            tracing::debug!(%status, "discovery not answered");
        }
    }

    fn twice(&self, twice: bool) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = twice.then(HashSet::new);
    }

    fn idle(&self) {
        self.connection.tx().push();
    }
}
