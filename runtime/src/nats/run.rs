//! The life of a connection: up, broken, up again, closed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio_util::sync::CancellationToken;

use super::Shared;
use super::backoff::Backoff;
use super::dial::{Link, dial};
use super::info::Info;
use super::reader::read;
use super::writer::{Half, flush_until_closed};
use crate::status::Result;
use crate::transport::State;

/// Connects, and keeps connected from then on.
pub(super) async fn start(shared: &Arc<Shared>) -> Result<()> {
    let link = dial(&shared.options, shared.role).await?;
    let mut ready = shared.state.subscribe();
    tokio::spawn(live(Arc::clone(shared), link));
    let _ = ready.wait_for(|state| *state != State::Disconnected).await;
    Ok(())
}

async fn live(shared: Arc<Shared>, link: Link) {
    let mut backoff = Backoff::new(shared.options.reconnect_min, shared.options.reconnect_max);
    let mut link = Some(link);
    while !shared.stop.is_cancelled() {
        if let Some(link) = link.take() {
            backoff.reset();
            let cause = serve(&shared, link).await;
            shared.lost(&cause);
            continue;
        }
        let attempt = async {
            tokio::time::sleep(backoff.next()).await;
            dial(&shared.options, shared.role).await
        };
        match shared.stop.run_until_cancelled(attempt).await {
            Some(Ok(fresh)) => link = Some(fresh),
            Some(Err(status)) => {
                tracing::debug!(role = shared.role, %status, "could not reconnect");
            }
            None => break,
        }
    }
    shared.state.send_replace(State::Closed);
    shared.subscriptions.clear();
}

/// Runs one connection until it ends; tells why.
async fn serve(shared: &Arc<Shared>, link: Link) -> String {
    let Link { info, mut reader, half, mut rest } = link;
    let broken = CancellationToken::new();
    let direct = match &half {
        Half::Tcp(half) => Some(Arc::clone(half)),
        Half::Tls(_) => None,
    };
    shared.informed(&info);
    shared.subscriptions.announce(&shared.writer, || shared.writer.open(direct, broken.clone()));
    let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
    metrics::counter!("bb_connections_total", "role" => shared.role).increment(1);
    tracing::info!(role = shared.role, server = info.server_name, number, "connected");
    shared.state.send_replace(State::Connected(number));
    let flusher = {
        let (shared, broken) = (Arc::clone(shared), broken.clone());
        tokio::spawn(async move { flush_until_closed(&shared.writer, half, broken).await })
    };
    let keeper = tokio::spawn(keep_alive(Arc::clone(shared), broken.clone()));
    let cause = tokio::select! {
        cause = read(shared, &mut reader, &mut rest) => cause,
        () = broken.cancelled() => {
            // Should the link come back, requests of long ago would arrive that everybody was told have failed.
            reader.forget_unsent();
            "it stopped taking bytes or answering".to_owned()
        }
        () = shared.stop.cancelled() => "we closed it".to_owned(),
    };
    broken.cancel();
    shared.writer.close();
    // Both end at once; waiting for them keeps their half of the socket from the next connection.
    let _ = tokio::join!(flusher, keeper);
    cause
}

/// Finds out when the other side is gone without a word.
async fn keep_alive(shared: Arc<Shared>, broken: CancellationToken) {
    let interval = shared.options.ping_interval;
    let watching = async {
        loop {
            tokio::time::sleep(interval).await;
            let answered = tokio::time::timeout(interval, shared.writer.fence().wait()).await;
            if !matches!(answered, Ok(Ok(()))) {
                tracing::warn!(role = shared.role, "the server does not answer");
                return;
            }
        }
    };
    let _ = broken.run_until_cancelled(watching).await;
    broken.cancel();
}

impl Shared {
    pub(super) fn informed(&self, info: &Info) {
        if info.max_payload > 0 {
            self.max_payload.store(info.max_payload, Ordering::Relaxed);
        }
    }

    fn lost(&self, cause: &str) {
        self.state.send_replace(State::Disconnected);
        // Nothing can be published any more: whoever waits learns it now, not when its time runs out.
        for (_, entry) in self.subscriptions.entries() {
            entry.sink.disconnected();
        }
        if self.stop.is_cancelled() {
            tracing::info!(role = self.role, "closed");
        } else {
            metrics::counter!("bb_disconnects_total", "role" => self.role).increment(1);
            tracing::warn!(role = self.role, cause, "disconnected");
        }
    }
}
