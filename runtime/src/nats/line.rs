//! One connection that is up.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Shared;
use super::dial::{Link, Reader};
use super::reader::{Delivery, News};
use super::writer::{Half, flush_until_closed};

/// One connection that is up.
pub(super) struct Line {
    /// Counts connections.
    pub(super) number: u64,
    /// Where it leads.
    pub(super) url: String,
    /// Whether its server is about to stop.
    pub(super) is_lame: bool,
    /// Name of the server.
    pub(super) server: String,
    reader: Reader,
    buffer: BytesMut,
    delivery: Delivery,
    broken: CancellationToken,
    flusher: JoinHandle<()>,
    keeper: JoinHandle<()>,
}

impl Line {
    /// Brings a connection up. `open` gives it its write buffer.
    pub(super) fn up<T>(
        shared: &Arc<Shared>,
        link: Link,
        open: impl FnOnce(u64, Option<Arc<OwnedWriteHalf>>, CancellationToken) -> T,
    ) -> (Self, T) {
        let Link { url, info, reader, half, rest } = link;
        let number = shared.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let broken = CancellationToken::new();
        let direct = match &half {
            Half::Tcp(half) => Some(Arc::clone(half)),
            Half::Tls(_) => None,
        };
        shared.informed(&url, &info);
        let opened = open(number, direct, broken.clone());
        metrics::counter!("bb_connections_total", "role" => shared.role).increment(1);
        tracing::info!(role = shared.role, server = info.server_name, number, "connected");
        let flusher = {
            let (shared, broken) = (Arc::clone(shared), broken.clone());
            async move { flush_until_closed(&shared.writer, number, half, broken).await }
        };
        let up = Self {
            number,
            delivery: Delivery::new(shared, number, url.clone()),
            url,
            is_lame: false,
            server: info.server_name,
            reader,
            buffer: rest,
            flusher: tokio::spawn(flusher),
            keeper: tokio::spawn(keep_alive(Arc::clone(shared), number, broken.clone())),
            broken,
        };
        (up, opened)
    }

    /// Reads until there is news. Nothing is lost when it is dropped before.
    pub(super) async fn read(&mut self) -> News {
        let news = tokio::select! {
            news = self.delivery.read(&mut self.reader, &mut self.buffer) => news,
            () = self.broken.cancelled() => {
                self.give_up();
                News::Over("it stopped taking bytes or answering".to_owned())
            }
        };
        self.is_lame |= news == News::LameDuck;
        news
    }

    /// Has what is unsent forgotten. Should the link come back, requests of long ago would arrive that everybody was told
    /// have failed.
    pub(super) fn give_up(&self) {
        self.reader.forget_unsent();
    }

    /// Ends it. Its write buffer must be closed.
    pub(super) async fn end(self) {
        self.broken.cancel();
        // Both end at once; waiting for them keeps their half of the socket from the next connection.
        let _ = tokio::join!(self.flusher, self.keeper);
    }
}

/// Finds out when the other side is gone without a word.
async fn keep_alive(shared: Arc<Shared>, number: u64, broken: CancellationToken) {
    let interval = shared.options.ping_interval;
    let watching = async {
        loop {
            tokio::time::sleep(interval).await;
            let fence = shared.writer.fence_of(number);
            let answered = tokio::time::timeout(interval, fence.wait()).await;
            if !matches!(answered, Ok(Ok(()))) {
                tracing::warn!(role = shared.role, "the server does not answer");
                return;
            }
        }
    };
    let _ = broken.run_until_cancelled(watching).await;
    broken.cancel();
}
