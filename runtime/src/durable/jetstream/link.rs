//! The connection: what it is doing, and who waits for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::{self, context::ContextBuilder};
use async_nats::{Client, ConnectErrorKind, Event, ServerError};
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;

use super::{Dial, wire};
use crate::status::{Code, Executed, Result, Status};

/// A connection for JetStream.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) context: jetstream::Context,
    state: watch::Receiver<State>,
    denials: broadcast::Sender<String>,
}

/// Whether the connection is there. The number counts how often it was made: what was under way in an earlier one
/// will not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) connected: bool,
    pub(super) generation: u64,
}

/// One attempt of a request; several fit into [`PATIENCE`].
pub(super) const ATTEMPT: Duration = Duration::from_secs(2);
/// How long an operation goes on trying. Well inside the window in which ids are remembered.
pub(super) const PATIENCE: Duration = Duration::from_secs(6);
/// Pause between attempts, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// A silent server is noticed after three of these: as soon as the other connections notice it.
const PING: Duration = Duration::from_secs(2);

impl Link {
    pub(super) async fn open(dial: &Dial) -> Result<Arc<Self>> {
        let (sender, state) = watch::channel(State { connected: false, generation: 0 });
        let (denials, _) = broadcast::channel(DENIALS);
        let deny = denials.clone();
        let options = dial
            .options()?
            .ping_interval(PING)
            .connection_timeout(ATTEMPT)
            .reconnect_delay_callback(pause_reconnect)
            .event_callback(move |event| {
                note(&sender, &deny, &event);
                std::future::ready(())
            });
        let client = options.connect(dial.servers()?).await.map_err(|error| {
            let code = match error.kind() {
                ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
                    Code::Unauthenticated
                }
                _ => Code::Unavailable,
            };
            Status::new(code, format!("{} can't be reached for JetStream: {error}", dial.url))
                .with_executed(Executed::No)
        })?;
        let context = ContextBuilder::new()
            .timeout(ATTEMPT)
            .ack_timeout(ATTEMPT)
            .backpressure_on_inflight(true)
            .build(client.clone());
        Ok(Arc::new(Self { client, context, state, denials }))
    }

    /// Waits until the connection is there.
    ///
    /// # Errors
    /// `UNAVAILABLE`, never executed, when that takes longer than [`PATIENCE`].
    pub(super) async fn ready(&self) -> Result<State> {
        let mut state = self.state.clone();
        let state = timeout(PATIENCE, state.wait_for(|state| state.connected)).await;
        match state {
            Ok(Ok(state)) => Ok(*state),
            _ => Err(Status::unavailable("the connection for JetStream is down")
                .with_executed(Executed::No)),
        }
    }

    /// Completes when a connection has broken.
    pub(super) async fn broken(&self, since: State) {
        let mut state = self.state.clone();
        let gone = |state: &State| !state.connected || state.generation != since.generation;
        if state.wait_for(gone).await.is_err() {
            // The client is gone, and with it whatever was under way.
        }
    }

    /// Runs an exchange with the server, but for as long as its connection lasts and the server doesn't say that we
    /// may not: it says so beside the exchange, which would only end in silence.
    pub(super) async fn exchange<T>(
        &self,
        state: State,
        subject: &str,
        exchange: impl Future<Output = T>,
    ) -> Result<T> {
        let denials = self.denials.subscribe();
        tokio::select! {
            biased;
            done = exchange => Ok(done),
            () = self.broken(state) => Err(wire::unanswered(subject)),
            () = denied(denials, subject) => Err(Status::permission_denied(format!(
                "the server does not let us publish to {subject}; see the permissions of this service"
            ))
            .with_executed(Executed::No)),
        }
    }

    pub(super) fn clustered(&self) -> bool {
        self.client.server_info().cluster.is_some()
    }

    pub(super) async fn close(&self) {
        let _ = timeout(ATTEMPT, self.client.flush()).await;
        let _ = timeout(ATTEMPT, self.client.drain()).await;
    }
}

/// Does what may be done twice, again for as long as it is unavailable and there is patience.
pub(super) async fn patiently<T, F>(attempt: impl Fn() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let began = Instant::now();
    for number in 0.. {
        let status = match attempt().await {
            Err(status) if status.code() == Code::Unavailable => status,
            other => return other,
        };
        if began.elapsed() > PATIENCE {
            return Err(status);
        }
        pause(number).await;
    }
    unreachable!("the loop above ends by returning")
}

/// Waits before the next attempt, longer each time.
pub(super) async fn pause(attempt: u32) {
    tokio::time::sleep(jitter(PAUSE.0.saturating_mul(1 << attempt.min(8)).min(PAUSE.1))).await;
}

fn pause_reconnect(attempts: usize) -> Duration {
    const MOST: Duration = Duration::from_secs(2);
    let attempts = u32::try_from(attempts).unwrap_or(u32::MAX).min(8);
    jitter(PAUSE.0.saturating_mul(1 << attempts).min(MOST))
}

/// Half to all of a time, by chance, so that clients don't come in step.
fn jitter(time: Duration) -> Duration {
    time.mul_f64(rand::random_range(0.5..1.0))
}

/// Refusals that may wait to be matched with the exchange they are about.
const DENIALS: usize = 64;

/// Completes when the server has refused what was published to a subject.
async fn denied(mut denials: broadcast::Receiver<String>, subject: &str) {
    let quoted = format!("\"{subject}\"");
    loop {
        match denials.recv().await {
            Ok(words) if words.contains(&quoted) => return,
            Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

fn note(sender: &watch::Sender<State>, deny: &broadcast::Sender<String>, event: &Event) {
    match event {
        Event::Connected => sender.send_modify(|state| {
            state.connected = true;
            state.generation += 1;
        }),
        Event::Disconnected | Event::Closed => sender.send_modify(|state| state.connected = false),
        Event::LameDuckMode | Event::Draining => {}
        Event::ServerError(ServerError::Other(words)) => {
            tracing::warn!(%event, "trouble on the connection for JetStream");
            // Nobody listens when nobody is waiting for an answer.
            let _ = deny.send(words.clone());
        }
        Event::SlowConsumer(_) | Event::ServerError(_) | Event::ClientError(_) => {
            tracing::warn!(%event, "trouble on the connection for JetStream");
        }
    }
}
