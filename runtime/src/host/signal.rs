//! Being asked to stop.

use tokio::signal::unix::{SignalKind, signal};

use crate::status::{Result, Status};

/// Listens from now on; the future completes at SIGINT or SIGTERM.
pub(super) fn asked() -> Result<impl Future<Output = ()>> {
    let unheard = |error| Status::internal(format!("signals can't be heard: {error}"));
    let mut interrupt = signal(SignalKind::interrupt()).map_err(unheard)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(unheard)?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
