//! The task that writes what callers don't write themselves.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncWriteExt, WriteHalf};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;

use super::Writer;
use super::buffer::{Batch, Bell, Buffer};

/// Time that a batch waits for the socket after which it is worth looking for expired requests.
const HELD_UP: Duration = Duration::from_millis(20);

/// How long something that nobody waits for waits for company.
const LINGER: Duration = Duration::from_millis(2);

/// Largest piece that is given to the socket at once, so that what waits behind it can still expire.
const PIECE_BYTES: usize = 256 * 1024;

/// Where bytes are written.
pub(in crate::nats) enum Half {
    /// Plain.
    Tcp(Arc<OwnedWriteHalf>),
    /// Encrypted.
    Tls(WriteHalf<TlsStream<TcpStream>>),
}

/// Writes whenever it is told, until the connection breaks.
pub(in crate::nats) async fn flush_until_closed(
    writer: &Writer,
    number: u64,
    mut half: Half,
    broken: CancellationToken,
) {
    let Some(bell) = writer.of(number, |buffer| buffer.bell()) else { return broken.cancel() };
    let flushing = async {
        let mut lingering = None;
        loop {
            if bell.rung(&mut lingering).await {
                writer.of(number, Buffer::gather);
            }
            // Whoever is ready publishes first: then one write serves them all.
            tokio::task::yield_now().await;
            while let Some(batch) = writer.next_batch(number) {
                match half.write(batch).await {
                    Ok(batch) => writer.wrote(number, batch),
                    Err(error) => {
                        tracing::debug!(%error, "write failed");
                        return;
                    }
                }
            }
        }
    };
    let _ = broken.run_until_cancelled(flushing).await;
    broken.cancel();
}

impl Bell {
    /// Completes when there is something to write, and says whether what waited for company until then leaves with it.
    async fn rung(&self, lingering: &mut Option<Instant>) -> bool {
        if lingering.is_none() {
            tokio::select! {
                () = self.wake.notified() => return false,
                () = self.linger.notified() => {}
            }
        }
        let until = *lingering.get_or_insert_with(|| Instant::now() + LINGER);
        let woken = tokio::time::timeout_at(until, self.wake.notified()).await;
        // Who is woken all the time looks at the time, too.
        let due = woken.is_err() || Instant::now() >= until;
        if due {
            *lingering = None;
        }
        due
    }
}

impl Writer {
    /// Takes what is to be written next, unless a caller is writing.
    fn next_batch(&self, number: u64) -> Option<Batch> {
        self.of(number, |buffer| {
            buffer.told = false;
            if let Some(stuck) = buffer.stuck.take() {
                return Some(stuck);
            }
            (!buffer.writing && !buffer.bytes.is_empty()).then(|| buffer.take())
        })
        .flatten()
    }

    fn wrote(&self, number: u64, batch: Batch) {
        self.of(number, |buffer| buffer.give_back(batch.bytes));
        self.room.notify_waiters();
    }
}

impl Half {
    async fn write(&mut self, mut batch: Batch) -> io::Result<Batch> {
        while batch.written < batch.bytes.len() {
            let piece_end = batch.bytes.len().min(batch.written + PIECE_BYTES);
            let piece = &batch.bytes[batch.written..piece_end];
            match self {
                Self::Tcp(half) => match half.try_write(piece) {
                    Ok(count) => batch.written += count,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        let since = Instant::now();
                        half.writable().await?;
                        if since.elapsed() > HELD_UP {
                            batch.drop_expired();
                        }
                    }
                    Err(error) => return Err(error),
                },
                Self::Tls(half) => {
                    let since = Instant::now();
                    half.write_all(piece).await?;
                    batch.written = piece_end;
                    if since.elapsed() > HELD_UP {
                        batch.drop_expired();
                    }
                }
            }
        }
        if let Self::Tls(half) = self {
            half.flush().await?;
        }
        Ok(batch)
    }
}

impl Batch {
    fn drop_expired(&mut self) {
        let dropped = self.marks.drop_expired(&mut self.bytes, self.written, Instant::now());
        if dropped > 0 {
            metrics::counter!("bb_requests_expired_unsent_total").increment(dropped as u64);
        }
    }
}
