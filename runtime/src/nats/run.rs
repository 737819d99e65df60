//! The life of a connection: up, with another server, broken, up again, closed.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Shared;
use super::backoff::Backoff;
use super::dial::{Link, dial};
use super::handover::hand_over;
use super::info::Info;
use super::line::Line;
use super::reader::News;
use crate::status::Result;
use crate::transport::State;

/// Connects, and keeps connected from then on.
pub(super) async fn start(shared: &Arc<Shared>) -> Result<()> {
    let link = dial(&shared.options, shared.role, &shared.pool, None).await?;
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
            dial(&shared.options, shared.role, &shared.pool, None).await
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

/// Runs a connection, and those that take over from it, until one ends; tells why.
async fn serve(shared: &Arc<Shared>, fresh: Link) -> String {
    let (mut line, _) = Line::up(shared, fresh, |number, direct, broken| {
        shared.subscriptions.announce(|words| shared.writer.open(number, direct, broken, words))
    });
    shared.state.send_replace(State::Connected(line.number));
    shared.writer.up();
    loop {
        if line.is_lame {
            shared.state.send_replace(State::LameDuck);
            match hand_over(shared, line).await {
                Ok(next) => line = next,
                Err(cause) => return cause,
            }
            shared.state.send_replace(State::Connected(line.number));
            continue;
        }
        let cause = tokio::select! {
            news = line.read() => match news {
                News::LameDuck => continue,
                News::Over(cause) => cause,
            },
            () = shared.stop.cancelled() => CLOSED.to_owned(),
        };
        shared.writer.close();
        line.end().await;
        return cause;
    }
}

/// Why a connection has ended that nobody broke.
pub(super) const CLOSED: &str = "we closed it";

impl Shared {
    pub(super) fn informed(&self, url: &str, info: &Info) {
        self.pool.learn(url, &info.connect_urls);
        if info.max_payload > 0 {
            self.max_payload.store(info.max_payload, Ordering::Relaxed);
        }
    }

    pub(super) fn lost(&self, cause: &str) {
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
