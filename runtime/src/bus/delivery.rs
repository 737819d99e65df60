//! Hands messages to the sinks of one connection, in order, on one task.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{mpsc, oneshot};

use crate::transport::{Message, Sink};

/// Deliveries between two looks at the rest of the runtime.
const TURN_DELIVERIES_MAX: usize = 256;

pub(super) enum Delivery {
    /// A message routed while the connection's `epoch` was this one.
    Message { epoch: u64, sink: Arc<dyn Sink>, message: Message },
    /// The connection broke; what was routed before is lost.
    Disconnected(Vec<Arc<dyn Sink>>),
    /// Everything before has been delivered.
    Fence(oneshot::Sender<()>),
}

pub(super) async fn run(mut queue: mpsc::UnboundedReceiver<Delivery>, epoch: Arc<AtomicU64>) {
    let mut turn = Vec::with_capacity(TURN_DELIVERIES_MAX);
    let mut touched: Vec<Arc<dyn Sink>> = Vec::new();
    while queue.recv_many(&mut turn, TURN_DELIVERIES_MAX).await > 0 {
        let mut fences = Vec::new();
        for delivery in turn.drain(..) {
            match delivery {
                Delivery::Message { epoch: routed, sink, message } => {
                    if routed == epoch.load(Ordering::Acquire) {
                        if !touched.iter().any(|have| Arc::ptr_eq(have, &sink)) {
                            touched.push(Arc::clone(&sink));
                        }
                        if !sink.accept(&message.frame()) {
                            sink.deliver(message);
                        }
                    }
                }
                Delivery::Disconnected(sinks) => sinks.iter().for_each(|sink| sink.disconnected()),
                Delivery::Fence(done) => fences.push(done),
            }
        }
        touched.drain(..).for_each(|sink| sink.idle());
        for fence in fences {
            // Whoever waited may have gone.
            let _ = fence.send(());
        }
        tokio::task::yield_now().await;
    }
}
