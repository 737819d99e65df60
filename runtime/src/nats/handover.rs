//! Leaves a server that is about to stop, without a gap: the next connection is there before the last one ends.
//!
//! The next one gets every subscription, and some time for all servers of the cluster to learn of them. Then it takes
//! over what is published, once the last server has processed everything that was published to it. At last the
//! subscriptions end at the last server, and what it had routed to us by then is read: its PONG is the end.
//!
//! Meanwhile a message may come on both. Queue groups get it once; every other sink is told, see [`Sink::twice`].
//! Order is that of NATS: a subscriber with a third server may see the first message that went through the next server
//! before the last one that went through the last.
//!
//! [`Sink::twice`]: crate::transport::Sink::twice

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::Shared;
use super::backoff::Backoff;
use super::dial::{Link, dial};
use super::line::Line;
use super::reader::News;
use super::run::CLOSED;
use super::writer::Word;

/// How long the next server's neighbours may take to learn of our subscriptions: usually a millisecond. A server closes
/// its clients ten seconds after it has told them so, if nobody has configured otherwise.
const SETTLE: Duration = Duration::from_millis(250);
/// How long what is published may wait for the last server's PONG.
const HELD_MAX: Duration = Duration::from_secs(1);
/// Pause before the next look whether nothing is being written.
const LOOK: Duration = Duration::from_millis(1);

/// Goes from a server that is about to stop to another one; tells why it ended if there is no connection any more.
/// While no other server answers, the last one serves for as long as it does.
pub(super) async fn hand_over(shared: &Arc<Shared>, mut last: Line) -> Result<Line, String> {
    let mut backoff = Backoff::new(shared.options.reconnect_min, shared.options.reconnect_max);
    // Messages of an attempt that failed may come again for as long as the last connection is there.
    let mut twice = Twice { shared, is_said: false };
    loop {
        let url = last.url.clone();
        let elsewhere = meanwhile(shared, &mut last, None, elsewhere(shared, &mut backoff, &url));
        let gone = match elsewhere.await {
            Ok(link) => {
                twice.say();
                match Exchange::new(shared, last, link).run().await {
                    Ended::Over(next) => return Ok(next),
                    Ended::Failed(still) => {
                        last = still;
                        continue;
                    }
                    Ended::Gone(gone) => return Err(gone),
                }
            }
            Err(gone) => gone,
        };
        shared.writer.close();
        last.end().await;
        return Err(gone.cause());
    }
}

/// Tries the other servers until one answers. Clients that are sent away together don't arrive together.
async fn elsewhere(shared: &Shared, backoff: &mut Backoff, avoid: &str) -> Link {
    loop {
        sleep(backoff.next()).await;
        match dial(&shared.options, shared.role, &shared.pool, Some(avoid)).await {
            Ok(link) if !link.info.ldm => return link,
            Ok(_) => {}
            Err(status) => tracing::debug!(role = shared.role, %status, "no other server answers"),
        }
    }
}

/// How a line ended that was needed.
enum Gone {
    Last(String),
    Next(String),
    Closed,
}

impl Gone {
    fn cause(self) -> String {
        match self {
            Self::Last(cause) | Self::Next(cause) => cause,
            Self::Closed => CLOSED.to_owned(),
        }
    }
}

/// Reads connections until something else is done, all on this task: no sink is called twice at once.
async fn meanwhile<T>(
    shared: &Shared,
    last: &mut Line,
    mut next: Option<&mut Line>,
    done: impl Future<Output = T>,
) -> Result<T, Gone> {
    tokio::pin!(done);
    loop {
        let reading = async {
            match &mut next {
                Some(next) => next.read().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            done = &mut done => return Ok(done),
            news = last.read() => if let News::Over(cause) = news { return Err(Gone::Last(cause)) },
            news = reading => if let News::Over(cause) = news { return Err(Gone::Next(cause)) },
            () = shared.stop.cancelled() => return Err(Gone::Closed),
        }
    }
}

/// One connection taking over from another.
struct Exchange<'a> {
    shared: &'a Arc<Shared>,
    last: Line,
    next: Line,
    announced: BTreeSet<u64>,
    stage: Stage,
    began: Instant,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// The last connection is published to.
    Beside,
    /// The next one is, but what was published before may not have arrived.
    Held,
    /// All that was published to the last server has arrived.
    Over,
}

/// What has come of it.
enum Ended {
    /// The next connection has taken over.
    Over(Line),
    /// The last one is all there is.
    Failed(Line),
    /// None is left.
    Gone(String),
}

impl<'a> Exchange<'a> {
    fn new(shared: &'a Arc<Shared>, last: Line, link: Link) -> Self {
        let (next, announced) = Line::up(shared, link, |number, direct, broken| {
            shared.doubled.send_modify(|doubled| *doubled += 1);
            let open = |words: &mut dyn Iterator<Item = Word<'_>>| {
                shared.writer.open_beside(number, direct, broken, words);
            };
            shared.subscriptions.announce(open)
        });
        Self { shared, last, next, announced, stage: Stage::Beside, began: Instant::now() }
    }

    async fn run(mut self) -> Ended {
        let how = self.exchange().await;
        let Self { shared, last, next, announced, stage, began } = self;
        let writer = &shared.writer;
        let ended = match how {
            // Nothing was lost with a last connection that had only its end before it.
            Ok(()) | Err(Gone::Last(_)) if stage == Stage::Over => {
                writer.close_beside();
                last.end().await;
                metrics::counter!("bb_handovers_total", "role" => shared.role).increment(1);
                let took = began.elapsed();
                tracing::info!(role = shared.role, server = next.server, ?took, "handed over");
                Ended::Over(next)
            }
            Ok(()) => unreachable!("it ends in its last stage"),
            Err(Gone::Last(cause)) => {
                // It was too early: what was under way is lost, but no more.
                match stage {
                    Stage::Beside => shared.subscriptions.replace(writer, &announced),
                    Stage::Held | Stage::Over => {
                        writer.close_beside();
                        writer.release(next.number);
                    }
                }
                shared.lost(&cause);
                last.end().await;
                Ended::Over(next)
            }
            Err(Gone::Next(cause)) if stage == Stage::Beside => {
                writer.close_beside();
                next.end().await;
                tracing::warn!(role = shared.role, cause, "no handover");
                Ended::Failed(last)
            }
            Err(gone) => {
                writer.close();
                writer.close_beside();
                tokio::join!(last.end(), next.end());
                Ended::Gone(gone.cause())
            }
        };
        shared.doubled.send_modify(|doubled| *doubled += 1);
        ended
    }

    async fn exchange(&mut self) -> Result<(), Gone> {
        let shared = self.shared;
        let (last, next) = (self.last.number, self.next.number);
        // A connection that ends instead is noticed by whoever reads it.
        let subscribed = shared.writer.fence_of(next);
        let _ = self.meanwhile(subscribed.wait()).await?;
        self.meanwhile(sleep(SETTLE)).await?;
        let (theirs, published) = loop {
            match shared.subscriptions.swap(&shared.writer, &self.announced) {
                Some(swapped) => break swapped,
                None => self.meanwhile(sleep(LOOK)).await?,
            }
        };
        self.stage = Stage::Held;
        let arrived = self.meanwhile(timeout(HELD_MAX, published.wait())).await?;
        if !matches!(arrived, Ok(Ok(()))) {
            self.last.give_up();
            return Err(Gone::Last("the server that is to stop does not answer".to_owned()));
        }
        shared.writer.release(next);
        self.stage = Stage::Over;
        shared.writer.say(last, theirs.into_iter().map(Word::Unsubscribe));
        let ended = shared.writer.fence_of(last);
        let _ = self.meanwhile(ended.wait()).await?;
        Ok(())
    }

    async fn meanwhile<T>(&mut self, done: impl Future<Output = T>) -> Result<T, Gone> {
        meanwhile(self.shared, &mut self.last, Some(&mut self.next), done).await
    }
}

/// Says that messages may come twice, and at last that they don't.
struct Twice<'a> {
    shared: &'a Shared,
    is_said: bool,
}

impl Twice<'_> {
    fn say(&mut self) {
        if !std::mem::replace(&mut self.is_said, true) {
            self.shared.subscriptions.twice(true);
        }
    }
}

impl Drop for Twice<'_> {
    fn drop(&mut self) {
        if self.is_said {
            self.shared.subscriptions.twice(false);
        }
    }
}
