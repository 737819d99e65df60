//! One pull: a request for some messages, and what answers it.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::message::Message;
use async_nats::{StatusCode, Subscriber};
use futures::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::link::{Link, State};
use crate::status::{Executed, Result, Status};

/// A pull under way.
#[derive(Debug)]
pub(super) struct Pull {
    link: Arc<Link>,
    state: State,
    subscriber: Subscriber,
    subject: String,
    inbox: String,
    wait: Duration,
    /// Messages still asked for.
    left: usize,
    /// When the server should have been heard of.
    heard: Instant,
}

/// What a pull yields.
#[derive(Debug)]
pub(super) enum Pulling {
    /// A message.
    Message(Box<Message>),
    /// All the messages asked for have come.
    Full,
    /// The server has no more, or the time is over.
    Over,
    /// The consumer or the connection is gone. What was pulled may be delivered again.
    Broken(Status),
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ask {
    /// What there is, without waiting.
    Now(usize),
    /// Up to so many, waiting for them this long.
    Within(usize, Duration),
}

/// A server that says nothing this long after it should have is taken for dead.
const GRACE: Duration = Duration::from_secs(1);

impl Pull {
    /// Asks a consumer for messages.
    pub(super) async fn start(
        link: &Arc<Link>,
        stream: &str,
        consumer: &str,
        ask: Ask,
    ) -> Result<Self> {
        let state = link.ready().await?;
        let inbox = link.client.new_inbox();
        let subscriber = link.client.subscribe(inbox.clone()).await.map_err(|e| closed(&e))?;
        let mut pull = Self {
            link: Arc::clone(link),
            state,
            subscriber,
            subject: format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"),
            inbox,
            wait: Duration::ZERO,
            left: 0,
            heard: Instant::now(),
        };
        pull.ask(ask).await?;
        Ok(pull)
    }

    /// Asks for more once the pull is over.
    pub(super) async fn ask(&mut self, ask: Ask) -> Result<()> {
        let (left, request) = match ask {
            Ask::Now(most) => (most, format!(r#"{{"batch":{most},"no_wait":true}}"#)),
            Ask::Within(most, wait) => {
                self.wait = wait;
                let (expires, beat) = (wait.as_nanos(), beat(wait).as_nanos());
                (most, format!(r#"{{"batch":{most},"expires":{expires},"idle_heartbeat":{beat}}}"#))
            }
        };
        self.left = left;
        self.hear();
        let Self { link, subject, inbox, .. } = self;
        let sent = link.client.publish_with_reply(subject.clone(), inbox.clone(), request.into());
        sent.await.map_err(|error| closed(&error))
    }

    /// Waits for the next thing to happen.
    pub(super) async fn next(&mut self) -> Pulling {
        while self.left > 0 {
            let message = tokio::select! {
                biased;
                message = timeout_at(self.heard, self.subscriber.next()) => message,
                () = self.link.broken(self.state) => return Pulling::Broken(silent()),
            };
            let Ok(Some(message)) = message else { return Pulling::Broken(silent()) };
            self.hear();
            match message.status {
                None | Some(StatusCode::OK) => {
                    self.left -= 1;
                    let context = self.link.context.clone();
                    return Pulling::Message(Box::new(Message { message, context }));
                }
                Some(StatusCode::IDLE_HEARTBEAT) => {}
                Some(StatusCode::NOT_FOUND | StatusCode::TIMEOUT) => return Pulling::Over,
                Some(status) => return Pulling::Broken(refused(status, message.description)),
            }
        }
        Pulling::Full
    }

    fn hear(&mut self) {
        self.heard = Instant::now() + beat(self.wait) * 2 + GRACE;
    }
}

fn beat(wait: Duration) -> Duration {
    // The server refuses a heartbeat longer than half of the wait.
    wait / 2
}

fn silent() -> Status {
    Status::unavailable("the consumer fell silent").with_executed(Executed::No)
}

fn closed(error: &dyn std::error::Error) -> Status {
    Status::unavailable(format!("the connection for JetStream is closed: {error}"))
        .with_executed(Executed::No)
}

fn refused(status: StatusCode, words: Option<String>) -> Status {
    let words = words.unwrap_or_default();
    Status::unavailable(format!("the consumer does not deliver: {status} {words}"))
        .with_executed(Executed::No)
}
