//! Answers discovery for one instance.

use std::sync::{Arc, PoisonError};

use super::Inner;
use crate::headers::Headers;
use crate::reply;
use crate::status::Result;
use crate::transport::{Flush, Message, Outgoing, Sink, SubscriptionId};

/// Subscribes to everything that asks for this instance.
pub(super) fn subscribe(server: &Arc<Inner>) -> Result<()> {
    let sink: Arc<dyn Sink> = Arc::new(DiscoverySink(Arc::clone(server)));
    for filter in server.discovery.filters() {
        let id: SubscriptionId =
            server.connection.rx().subscribe(&filter, None, Arc::clone(&sink))?;
        server.subscriptions.lock().unwrap_or_else(PoisonError::into_inner).push(id);
    }
    Ok(())
}

struct DiscoverySink(Arc<Inner>);

impl Sink for DiscoverySink {
    fn deliver(&self, message: Message) {
        // Without a reply subject it is a mistake, with another's subject an attack: neither is answered.
        let Ok((reply, _)) = reply::check(message.reply.as_deref()) else { return };
        let Ok(subject) = std::str::from_utf8(&message.subject) else { return };
        let Some(document) = self.0.discovery.answer(subject) else { return };
        let answered = self.0.connection.tx().publish(&Outgoing {
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

    fn idle(&self) {
        self.0.connection.tx().push();
    }
}
