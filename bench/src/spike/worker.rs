//! Workers, of whom an instance has few: what its calls wait for.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;

/// Workers of an instance.
const WORKERS: usize = 2;
/// What a call takes of a worker.
const COST: Duration = Duration::from_millis(1);

/// The workers of an instance.
pub(super) struct Workers(Sender<oneshot::Sender<()>>);

impl Workers {
    pub(super) fn start() -> Self {
        let (work, queue) = mpsc::channel();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..WORKERS {
            let queue = Arc::clone(&queue);
            thread::spawn(move || work_off(&queue));
        }
        Self(work)
    }

    /// Has a worker work; calls are served as they come.
    pub(super) async fn work(&self) {
        let (done, doing) = oneshot::channel();
        // Workers are there as long as this.
        let _ = self.0.send(done);
        let _ = doing.await;
    }
}

/// Threads, because they wake up more exactly than timers of tokio.
fn work_off(queue: &Mutex<Receiver<oneshot::Sender<()>>>) {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(done) = next() {
        thread::sleep(COST);
        // The caller may have left.
        let _ = done.send(());
    }
}
