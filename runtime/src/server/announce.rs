//! Answers discovery for one instance.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::Inner;
use crate::headers::Headers;
use crate::reply;
use crate::status::Result;
use crate::transport::{Flush, Message, Outgoing, Sink, SubscriptionId};

/// Subscribes to everything that asks for this instance.
pub(super) fn subscribe(server: &Arc<Inner>) -> Result<()> {
    let sink: Arc<dyn Sink> =
        Arc::new(DiscoverySink { server: Arc::clone(server), answered: Mutex::default() });
    for filter in server.discovery.filters() {
        let id: SubscriptionId =
            server.connection.rx().subscribe(&filter, None, Arc::clone(&sink))?;
        server.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }
    Ok(())
}

/// A subject and a reply subject.
type Question = (Bytes, Option<Bytes>);

struct DiscoverySink {
    server: Arc<Inner>,
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
        let now = self.server.seat.now();
        let Some(document) = self.server.discovery.answer(subject, now) else { return };
        let answered = self.server.connection.tx().publish(&Outgoing {
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
        self.server.connection.tx().push();
    }
}
