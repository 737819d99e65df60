//! Takes the news that a caller has given up.

use std::sync::Arc;

use super::Inner;
use crate::transport::{Message, Sink};

/// Takes what arrives on `<service subject>.$cancel`: the reply subject of the call that is given up. Every
/// instance hears it, the one that runs the call acts.
pub(super) struct CancelSink(Arc<Inner>);

impl CancelSink {
    pub(super) fn new(server: &Arc<Inner>) -> Self {
        Self(Arc::clone(server))
    }
}

impl Sink for CancelSink {
    fn deliver(&self, message: Message) {
        let Ok(reply) = std::str::from_utf8(&message.payload) else { return };
        if let Some(context) = self.0.running.find(reply) {
            context.cancel();
        }
    }
}
