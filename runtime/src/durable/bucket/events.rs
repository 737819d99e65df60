//! Writes of a bucket that a stream takes over as events: none is overwritten before that.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, timeout_at};

use super::entries::ATTEMPTS_MAX;
use super::pace::{Noted, Places};
use super::{Bucket, Write};
use crate::durable::{Append, TakenOver};
use crate::headers::name;
use crate::status::{Code, Executed, Result, Status};
use crate::subject::{self, Subject};

/// Pause between looks, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(20));
/// How long a write waits for those before it. A stream that takes nothing over for this long is broken.
const PATIENCE: Duration = Duration::from_secs(10);
/// The event of an older write may have come and gone. Then the server's word counts, that the stream has nothing left
/// to take over: it may say so with a stream that has lost its quorum, but not for this long.
const SETTLED: Duration = Duration::from_mins(1);

impl Bucket {
    /// Appends writes and what is beside them in one step, and tells the revisions of the writes, which come first.
    ///
    /// # Errors
    /// `UNAVAILABLE`, never executed, when earlier writes of the keys don't become events.
    pub(super) async fn commit(&self, writes: &[Write], appends: Vec<Append>) -> Result<Vec<u64>> {
        let mut places = self.places_for(writes).await?;
        let written = self.append_behind_events(writes, appends).await;
        match &written {
            Ok(revisions) => places.wrote(writes, revisions),
            Err(status) if status.executed() == Executed::No => places.wrote_nothing(),
            Err(status) if status.code() == Code::Aborted => places.wrote_nothing(),
            Err(_) => {}
        }
        let Places(places) = places;
        let slots: Vec<_> = places.into_keys().collect();
        if written.is_ok() {
            self.catch_up(&slots).await;
        }
        written
    }

    /// Waits for places for the writes of a step: slot after slot in their order, so that no two steps wait for each other.
    async fn places_for(&self, writes: &[Write]) -> Result<Places> {
        let deadline = Instant::now() + PATIENCE;
        let mut places = Places::default();
        for (slot, key) in Places::needed(writes) {
            let place = loop {
                if self.pace.is_free() {
                    return Ok(Places::default());
                }
                if let Some(place) = self.pace.take(slot, key) {
                    break place;
                }
                if let Err(status) = self.make_room(slot, deadline).await {
                    places.wrote_nothing();
                    return Err(status);
                }
            };
            places.0.insert(slot, place);
        }
        Ok(places)
    }

    /// Waits for the events of writes that have filled their slots, so that those aren't full for hours, within which events
    /// come and go.
    async fn catch_up(&self, slots: &[usize]) {
        let deadline = Instant::now() + PATIENCE;
        for slot in slots {
            if !self.pace.is_free()
                && self.pace.slot(*slot).is_full_of_noted()
                && let Err(status) = self.make_room(*slot, deadline).await
            {
                tracing::warn!(bucket = self.name, %status, "a write is no event yet");
            }
        }
    }

    /// Waits until a slot isn't full. One looks for all.
    async fn make_room(&self, slot: usize, deadline: Instant) -> Result<()> {
        let slot = self.pace.slot(slot);
        let room = async {
            let _looking = slot.looking.lock().await;
            if !slot.is_full() {
                return Ok(());
            }
            let Some(taken_over) = self.taken_over().await? else { return Ok(()) };
            let Some(noted) = slot.newest() else {
                slot.ended.notified().await;
                return Ok(());
            };
            let through = self.confirm(taken_over, &noted).await?;
            slot.confirm(&noted, through);
            Ok(())
        };
        let room = timeout_at(deadline, room).await.unwrap_or_else(|_| Err(self.without_events()));
        room.map_err(|status: Status| status.with_executed(Executed::No))
    }

    /// Waits until a write is an event, and tells up to which revision all are.
    async fn confirm(&self, taken_over: &TakenOver, noted: &Noted) -> Result<u64> {
        let Noted { key, revision, at } = noted;
        if let Some(revision) = *revision {
            return self.arrival(taken_over, key, revision, || at.elapsed()).await;
        }
        // It may have happened: then it is the last one, or behind that.
        let Some(last) = self.durable.last(&self.stream, &self.subject(key)).await? else {
            return Ok(0);
        };
        self.arrival(taken_over, key, last.sequence, || age(last.time)).await
    }

    /// Appends a step, but what would remove earlier revisions of its key (as `expires_in` does) only behind their events.
    async fn append_behind_events(
        &self,
        writes: &[Write],
        appends: Vec<Append>,
    ) -> Result<Vec<u64>> {
        let removes = |append: &Append| append.headers.get(name::ROLLUP).is_some();
        if self.pace.is_free() || !appends.iter().take(writes.len()).any(removes) {
            return self.append_step(writes.len(), appends).await;
        }
        let mut before = Vec::new();
        for _ in 0..ATTEMPTS_MAX {
            let mut appends = appends.clone();
            let current = self.wait_for_events(writes, &mut appends).await?;
            match self.append_step(writes.len(), appends).await {
                Err(status) if status.code() == Code::Aborted && current != before => {
                    before = current;
                }
                ended => return ended,
            }
        }
        Err(Status::aborted(format!(
            "bucket {}: others wrote the keys {ATTEMPTS_MAX} times meanwhile; try again later",
            self.name
        ))
        .with_executed(Executed::No))
    }

    /// Waits for the events of what is replaced for good, and lets it be replaced only as it is then. Tells the revisions.
    async fn wait_for_events(&self, writes: &[Write], appends: &mut [Append]) -> Result<Vec<u64>> {
        let mut waited_for = Vec::new();
        for (write, append) in writes.iter().zip(appends) {
            if append.headers.get(name::ROLLUP).is_none() {
                continue;
            }
            let deadline = Instant::now() + PATIENCE;
            let arrival = async {
                let Some(taken_over) = self.taken_over().await? else { return Ok(None) };
                let last = self.durable.last(&self.stream, &append.subject).await?;
                let current = last.as_ref().map_or(0, |last| last.sequence);
                if let Some(last) = last
                    && append.expect.is_none_or(|expected| expected == current)
                {
                    self.arrival(taken_over, &write.key, current, || age(last.time)).await?;
                }
                Ok(Some(current))
            };
            let current =
                timeout_at(deadline, arrival).await.unwrap_or_else(|_| Err(self.without_events()));
            if let Some(current) = current.map_err(|status| status.with_executed(Executed::No))? {
                append.expect.get_or_insert(current);
                waited_for.push(current);
            }
        }
        Ok(waited_for)
    }

    async fn append_step(&self, writes: usize, mut appends: Vec<Append>) -> Result<Vec<u64>> {
        if appends.len() > 1 {
            let mut revisions = self.durable.append_all(appends).await?;
            revisions.truncate(writes);
            return Ok(revisions);
        }
        let Some(append) = appends.pop() else { return Ok(Vec::new()) };
        Ok(vec![self.durable.append(append).await?.sequence])
    }

    /// The stream that takes the writes over, if any. Asked for once.
    async fn taken_over(&self) -> Result<Option<&TakenOver>> {
        loop {
            let ask = || self.durable.taken_over(&self.stream);
            match self.pace.taken_over.get_or_try_init(ask).await {
                Ok(known) => return Ok(known.as_ref()),
                Err(status) if status.code() == Code::PermissionDenied => {
                    tracing::warn!(bucket = self.name, %status, "can't tell whether writes become events");
                    let _ = self.pace.taken_over.set(None);
                }
                Err(status) if status.code() == Code::Unavailable => {
                    tokio::time::sleep(PAUSE.1).await;
                }
                Err(status) => return Err(status.with_executed(Executed::No)),
            }
        }
    }

    /// Waits until the event of a write has arrived, and tells up to which revision all have: writes are taken over in order.
    async fn arrival(
        &self,
        taken_over: &TakenOver,
        key: &str,
        revision: u64,
        age: impl Fn() -> Duration,
    ) -> Result<u64> {
        let TakenOver { stream, destination } = taken_over;
        let token = subject::escape(key);
        let subject = Subject::parse(&destination.replace("{{wildcard(1)}}", &token))?;
        let mut pause = PAUSE.0;
        loop {
            match self.durable.last(stream, &subject).await {
                Ok(last) => {
                    let origin =
                        last.and_then(|event| origin(event.headers.get(name::STREAM_SOURCE)?));
                    if let Some(origin) = origin.filter(|origin| *origin >= revision) {
                        return Ok(origin);
                    }
                    let age = age();
                    if age > SETTLED
                        && let Ok(Some(heard)) = self.durable.heard_all(stream, &self.stream).await
                        && heard + SETTLED < age
                    {
                        return Ok(revision);
                    }
                }
                Err(status) if status.code() == Code::Unavailable => {}
                Err(status) => return Err(self.without_events_because(&status)),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    fn without_events(&self) -> Status {
        Status::unavailable(format!(
            "the writes of bucket {} do not become events; try again when they do",
            self.name
        ))
        .with_executed(Executed::No)
    }

    fn without_events_because(&self, status: &Status) -> Status {
        let words = format!("the writes of bucket {} do not become events: {status}", self.name);
        Status::unavailable(words).with_executed(Executed::No)
    }
}

/// How old a message of a server is.
fn age(time: SystemTime) -> Duration {
    time.elapsed().unwrap_or_default()
}

/// Reads the origin's sequence out of `KV_state:Bo4ghu4d 17 ...`.
fn origin(source: &str) -> Option<u64> {
    source.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_is_read_from_the_header() {
        assert_eq!(origin("KV_state:Bo4ghu4d 17 $KV.state.* evt.x $KV.state.k"), Some(17));
        assert_eq!(origin("KV_state 3"), Some(3));
        assert_eq!(origin("KV_state"), None);
    }
}
