//! A way of their own for critical methods: a connection to the server, and threads that nothing else runs on.
//!
//! A flood of other methods fills the connection that they come over, keeps the task busy that reads it, and can hold all
//! threads of the process. None of it is in the way here: the operating system gives these threads their turn.

use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Options;
use crate::nats::Nats;
use crate::status::{Result, Status};
use crate::transport::Transport;

/// The connection, and what ends its threads.
pub(super) struct Lane {
    pub(super) transport: Arc<dyn Transport>,
    /// Ends the threads when it is dropped.
    _threads: DropGuard,
}

impl Lane {
    /// Connects.
    ///
    /// # Errors
    /// As [`Nats::connect`].
    pub(super) async fn open(options: Options) -> Result<Self> {
        let none = |error: &dyn std::fmt::Display| {
            Status::internal(format!("critical methods get no thread: {error}"))
        };
        let runtime = runtime().map_err(|error| none(&error))?;
        let (tell, connected) = oneshot::channel();
        let stop = CancellationToken::new();
        let ended = stop.clone();
        let live = move || {
            runtime.spawn(async move {
                // Who asked may have left.
                let _ = tell.send(Nats::connect(options, "critical").await);
            });
            runtime.block_on(ended.cancelled());
        };
        let named = thread::Builder::new().name("critical".to_owned());
        let threads = stop.drop_guard();
        named.spawn(live).map_err(|error| none(&error))?;
        let transport = Arc::new(connected.await.map_err(|error| none(&error))??);
        Ok(Self { transport, _threads: threads })
    }
}

/// One thread is enough for methods that are few and quick. It isn't the one that ends the others, so that handlers may
/// block it as any other (`block_in_place`).
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("critical-worker")
        .enable_all()
        .build()
}
