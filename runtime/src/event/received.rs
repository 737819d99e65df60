//! Events read in order, by one who watches.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use futures::stream::{BoxStream, Stream, StreamExt};

use super::Event;
use crate::connection::Connection;
use crate::durable::{Start, Stored, StreamConfig, deletes};
use crate::headers::Headers;
use crate::seal::Guard;
use crate::status::{Result, Status};
use crate::subject::Filter;

/// An event that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Received<E> {
    /// The event.
    pub event: E,
    /// Its subject.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// Place in the stream.
    pub sequence: u64,
    /// When the stream took it.
    pub time: SystemTime,
}

/// Events in order and without end, across lost connections. One that doesn't decode is an error; the next goes on.
pub struct Events<E> {
    messages: BoxStream<'static, Result<Stored>>,
    /// Opens events, where they have sensitive fields.
    guard: Option<Guard>,
    event: PhantomData<fn() -> E>,
}

impl Connection {
    /// Reads every event of a kind from its stream, all by itself: nothing is shared or acknowledged.
    pub async fn subscribe_events<E: Event>(&self, start: Start) -> Result<Events<E>> {
        self.subscribe_events_at(&Filter::parse(E::spec().filter)?, start).await
    }

    /// Reads the events of a kind whose subject matches.
    pub async fn subscribe_events_at<E: Event>(
        &self,
        filter: &Filter,
        start: Start,
    ) -> Result<Events<E>> {
        let spec = E::spec();
        self.durable().assume(&StreamConfig::of_event(spec));
        let reading = self.durable().read(spec.stream, filter, start).await?;
        let guard = spec.sealed.map(|sealed| self.protection().stored(sealed));
        Ok(Events { messages: reading.messages, guard, event: PhantomData })
    }
}

impl<E: Event> Events<E> {
    /// The next event; `None` only after an error that ended the reading.
    pub async fn next(&mut self) -> Option<Result<Received<E>>> {
        StreamExt::next(self).await
    }
}

impl<E: Event> Stream for Events<E> {
    type Item = Result<Received<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.messages.poll_next_unpin(cx)) {
                None => return Poll::Ready(None),
                Some(Err(status)) => return Poll::Ready(Some(Err(status))),
                // The deletion of a bucket's key is no event.
                Some(Ok(stored)) if deletes(&stored.headers) => {}
                Some(Ok(stored)) => {
                    return Poll::Ready(Some(received(stored, self.guard.as_ref())));
                }
            }
        }
    }
}

fn received<E: Event>(stored: Stored, guard: Option<&Guard>) -> Result<Received<E>> {
    let what = || format!("message {} on {}", stored.sequence, stored.subject);
    let plain = stored.plain().map_err(|garbled| garbled.lost(what()))?;
    let event = E::decode(Guard::open_with(guard, plain)?).map_err(|error| {
        Status::data_loss(format!("{} is no {}: {error}", what(), E::spec().name))
    })?;
    let Stored { sequence, subject, headers, payload: _, time, pending: _ } = stored;
    Ok(Received { event, subject, headers, sequence, time })
}

impl<E> fmt::Debug for Events<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}
