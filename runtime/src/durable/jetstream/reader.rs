//! Ordered reading: a consumer of our own that is made anew, after the last message seen, whenever anything is odd.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, ReplayPolicy, pull};
use futures::StreamExt;
use tokio::sync::watch;

use super::super::{Reading, Start, Stored};
use super::append::unique;
use super::link::{Link, PATIENCE, patiently, pause};
use super::pull::{Ask, Pull, Pulling};
use super::wire::{self, Delivered};
use crate::status::{Code, Result, Status};
use crate::subject::Filter;

/// Opens a reading without end.
pub(super) async fn read(
    link: &Arc<Link>,
    stream: &str,
    filter: &Filter,
    start: Start,
) -> Result<Reading> {
    let mut reader = Reader {
        link: Arc::clone(link),
        stream: stream.to_owned(),
        filter: filter.clone(),
        start,
        pull: None,
        expected: 1,
        flows: watch::Sender::new(false),
    };
    let flows = reader.flows.subscribe();
    let pending = reader.patiently_open(Ask::Within(BATCH, WAIT)).await?;
    let messages = futures::stream::unfold(Some(reader), |reader| async move {
        let mut reader = reader?;
        match reader.next().await {
            Ok(stored) => Some((Ok(stored), Some(reader))),
            Err(status) => Some((Err(status), None)),
        }
    });
    Ok(Reading { pending, messages: messages.boxed(), flows })
}

/// Reads what is there.
pub(super) async fn snapshot(
    link: &Arc<Link>,
    stream: &str,
    filter: &Filter,
    start: Start,
) -> Result<Vec<Stored>> {
    patiently(|| snapshot_once(link, stream, filter, start)).await
}

/// Messages asked for at once.
const BATCH: usize = 256;
/// How long one request for messages stands.
const WAIT: Duration = Duration::from_secs(10);
/// The server forgets a reader that hasn't asked for this long.
const FORGOTTEN: Duration = Duration::from_secs(30);

async fn snapshot_once(
    link: &Arc<Link>,
    stream: &str,
    filter: &Filter,
    start: Start,
) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    let opened = open(link, stream, filter, start, FORGOTTEN).await?;
    let (name, mut left) = (opened.name, opened.pending);
    if left > 0 {
        let mut pull = Pull::start(link, stream, &name, Ask::Now(BATCH)).await?;
        while left > 0 {
            match pull.next().await {
                Pulling::Message(message) => {
                    let Delivered { stored, .. } = wire::delivered(&message)?;
                    left = stored.pending;
                    found.push(stored);
                }
                Pulling::Full => pull.ask(Ask::Now(BATCH)).await?,
                // What was pending has been overwritten or has expired meanwhile.
                Pulling::Over => break,
                Pulling::Broken(status) => return Err(status),
            }
        }
    }
    // Only tidiness: the server forgets it anyway.
    let _ = link.context.delete_consumer_from_stream(&name, stream).await;
    Ok(found)
}

/// A consumer of our own.
struct Opened {
    name: String,
    pending: u64,
    /// The last message of the stream that it will not show.
    before: u64,
}

async fn open(
    link: &Arc<Link>,
    stream: &str,
    filter: &Filter,
    start: Start,
    forgotten: Duration,
) -> Result<Opened> {
    let state = link.ready().await?;
    let name = format!("reader-{}", unique());
    let wanted = pull::Config {
        name: Some(name.clone()),
        deliver_policy: match start {
            Start::All => DeliverPolicy::All,
            Start::LastPerSubject => DeliverPolicy::LastPerSubject,
            Start::New => DeliverPolicy::New,
            Start::Sequence(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
            Start::Time(time) => DeliverPolicy::ByStartTime { start_time: time.into() },
        },
        filter_subject: filter.as_str().to_owned(),
        ack_policy: AckPolicy::None,
        replay_policy: ReplayPolicy::Instant,
        inactive_threshold: forgotten,
        memory_storage: true,
        num_replicas: 1,
        ..pull::Config::default()
    };
    let api = format!("$JS.API.CONSUMER.CREATE.{stream}.{name}.{filter}");
    let making = link.context.create_consumer_on_stream(wanted, stream);
    let made = link.exchange(state, &api, making).await?;
    let made = made.map_err(|error| wire::no_consumer(stream, &error))?;
    let info = made.cached_info();
    Ok(Opened { name, pending: info.num_pending, before: info.delivered.stream_sequence })
}

/// A reading under way.
struct Reader {
    link: Arc<Link>,
    stream: String,
    filter: Filter,
    /// Where to go on when the consumer has to be made anew.
    start: Start,
    pull: Option<Pull>,
    /// The consumer's number of the next message: a gap says that one was lost on the way.
    expected: u64,
    /// Tells whether there is a consumer.
    flows: watch::Sender<bool>,
}

impl Reader {
    async fn open(&mut self, ask: Ask) -> Result<u64> {
        let opened = open(&self.link, &self.stream, &self.filter, self.start, FORGOTTEN).await?;
        if self.start == Start::New {
            self.start = Start::Sequence(opened.before + 1);
        }
        self.expected = 1;
        self.pull = Some(Pull::start(&self.link, &self.stream, &opened.name, ask).await?);
        self.flows.send_replace(true);
        Ok(opened.pending)
    }

    /// Has the consumer made anew.
    fn close(&mut self) {
        self.pull = None;
        self.flows.send_replace(false);
    }

    async fn patiently_open(&mut self, ask: Ask) -> Result<u64> {
        let began = Instant::now();
        for attempt in 0.. {
            match self.open(ask).await {
                Err(status) if transient(&status) && began.elapsed() < PATIENCE => {
                    pause(attempt).await;
                }
                other => return other,
            }
        }
        unreachable!("the loop above ends by returning")
    }

    async fn next(&mut self) -> Result<Stored> {
        let mut attempt = 0;
        loop {
            let Some(pull) = &mut self.pull else {
                match self.open(Ask::Within(BATCH, WAIT)).await {
                    Ok(_) => {}
                    Err(status) if transient(&status) => {
                        pause(attempt).await;
                        attempt += 1;
                    }
                    Err(status) => return Err(status),
                }
                continue;
            };
            match pull.next().await {
                Pulling::Message(message) => {
                    let Delivered { stored, consumer_sequence, .. } = wire::delivered(&message)?;
                    if consumer_sequence != self.expected {
                        tracing::debug!(
                            stream = self.stream,
                            "a message was lost on the way: reading it again"
                        );
                        self.close();
                        continue;
                    }
                    self.expected += 1;
                    self.start = Start::Sequence(stored.sequence + 1);
                    return Ok(stored);
                }
                Pulling::Full | Pulling::Over => {
                    if pull.ask(Ask::Within(BATCH, WAIT)).await.is_err() {
                        self.close();
                    }
                }
                Pulling::Broken(status) => {
                    tracing::debug!(stream = self.stream, %status, "reading on after the last message seen");
                    self.close();
                    pause(attempt).await;
                    attempt += 1;
                }
            }
        }
    }
}

/// Whether it may pass by itself.
fn transient(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::UnknownOutcome | Code::ResourceExhausted)
}
