//! The clock of a connection's streams: one task for all of them, and none while there is none.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::TICK;

/// Something that time passes for.
pub(crate) trait Ticked: Send + Sync {
    /// Takes a tick; says whether it wants more.
    fn tick(&self) -> bool;
}

/// Passes time to streams.
#[derive(Default)]
pub(crate) struct Keeper(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    list: Vec<Weak<dyn Ticked>>,
    running: bool,
}

impl Keeper {
    /// Passes time to a stream for as long as it lives and wants it.
    pub(crate) fn keep(&self, stream: Weak<dyn Ticked>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.list.push(stream);
        if !std::mem::replace(&mut kept.running, true) {
            tokio::spawn(run(Arc::clone(&self.0)));
        }
    }
}

/// Ends when no stream is left.
async fn run(kept: Arc<Mutex<Kept>>) {
    let mut list = Vec::new();
    loop {
        tokio::time::sleep(TICK).await;
        list.clear();
        std::mem::swap(&mut list, &mut kept.lock().unwrap_or_else(PoisonError::into_inner).list);
        // Outside of the lock: a tick may end a stream, and what that wakes may start another.
        list.retain(|stream: &Weak<dyn Ticked>| {
            stream.upgrade().is_some_and(|stream| stream.tick())
        });
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.list.append(&mut list);
        if kept.list.is_empty() {
            kept.running = false;
            return;
        }
    }
}
