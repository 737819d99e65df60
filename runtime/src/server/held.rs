//! A place among the calls in flight that is held after the caller has left.

use std::sync::Arc;

use super::Inner;
use super::large::Room;

/// The place of a call that goes on without its caller, given back on drop.
pub(crate) struct Held {
    server: Arc<Inner>,
    index: usize,
    /// That of a long request.
    _room: Option<Room>,
}

impl Held {
    pub(super) fn new(server: &Arc<Inner>, index: usize, room: Option<Room>) -> Self {
        Self { server: Arc::clone(server), index, _room: room }
    }

    /// Completes when a drain has given up waiting: whatever holds the place ends then.
    pub(crate) async fn cut(&self) {
        self.server.cut.cancelled().await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.server.leave(self.index);
    }
}
