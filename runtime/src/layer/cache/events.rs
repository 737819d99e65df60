//! Listening to the events that end answers.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::counts::Counts;
use super::epochs;
use super::key::about_event;
use super::sharing::Sharing;
use super::validity::Validity;
use crate::connection::Connection;
use crate::durable::{Durable, Reading, Start};
use crate::spec::{self, Invalidation, KeyPart};
use crate::status::Result;
use crate::subject::Filter;
use crate::transport::State;

/// Time between attempts to listen to an event that nobody stores yet.
const PAUSE: Duration = Duration::from_secs(1);

/// Events that wait for the shared store to be told of them.
const UNTOLD_MAX: usize = 1024;

/// How many of them it is told of at once.
const TOLD_MAX: usize = 64;

/// Ends the listening when it is dropped.
#[derive(Debug)]
pub(super) struct Listening(#[expect(dead_code, reason = "held for its end")] Option<DropGuard>);

/// Listens to the events that end the answers of a method, if there are any, for as long as what is returned is held.
pub(super) fn listen(
    policy: &'static spec::Cache,
    connection: &Connection,
    sharing: Option<&Arc<Sharing>>,
    counts: &Arc<Counts>,
) -> (Option<Arc<Validity>>, Listening) {
    let events = policy.invalidated_by;
    if events.is_empty() {
        return (None, Listening(None));
    }
    let validity = Arc::new(Validity::new(events.len()));
    let stop = CancellationToken::new();
    let spawn = |future: crate::transport::BoxFuture<'static, ()>| {
        let stop = stop.clone();
        connection.spawn("cache", async move {
            stop.run_until_cancelled_owned(future).await;
        });
    };
    let tell = sharing.map(|sharing| {
        let (tell, untold) = mpsc::channel(UNTOLD_MAX);
        spawn(Box::pin(pass_on(untold, Arc::clone(sharing), Arc::clone(&validity))));
        tell
    });
    for event in events {
        let ear = Ear {
            parts: policy.key,
            event,
            validity: Arc::clone(&validity),
            tell: tell.clone(),
            counts: Arc::clone(counts),
        };
        spawn(Box::pin(ear.listen(Arc::clone(connection.durable()))));
    }
    for strand in connection.strands() {
        spawn(Box::pin(watch(strand.tx().state(), Arc::clone(&validity))));
    }
    (Some(validity), Listening(Some(stop.drop_guard())))
}

/// What listens to one event.
struct Ear {
    parts: &'static [KeyPart],
    event: &'static Invalidation,
    validity: Arc<Validity>,
    tell: Option<mpsc::Sender<String>>,
    counts: Arc<Counts>,
}

impl Ear {
    /// Listens without end. The record is in its stream by the time it is read, so that whoever asks then is answered
    /// anew: a plain subscription would hear it before.
    async fn listen(self, durable: Arc<dyn Durable>) {
        let (stream, mut is_told) = (self.event.stream, false);
        loop {
            match self.hear(&*durable).await {
                Err(status) if !is_told => {
                    tracing::warn!(stream, %status, "the events that end kept answers aren't heard");
                    is_told = true;
                }
                Err(_) => {}
                Ok(()) => is_told = false,
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Listens until the reading ends.
    async fn hear(&self, durable: &dyn Durable) -> Result<()> {
        let filter = Filter::parse(self.event.filter)?;
        let reading = durable.read(self.event.stream, &filter, Start::New).await?;
        let Reading { mut messages, mut flows, .. } = reading;
        let mut hears = true;
        self.validity.heard();
        loop {
            tokio::select! {
                biased;
                Ok(()) = flows.changed() => {
                    let flows = *flows.borrow_and_update();
                    // What isn't heard may be of an answer that is kept.
                    match (hears, flows) {
                        (true, false) => self.validity.deaf(),
                        (false, true) => self.validity.heard(),
                        _ => {}
                    }
                    hears = flows;
                }
                message = messages.next() => match message {
                    Some(Ok(stored)) => self.end(&stored.subject),
                    Some(Err(_)) | None => break,
                },
            }
        }
        if hears {
            self.validity.deaf();
        }
        Ok(())
    }

    fn end(&self, subject: &str) {
        let Some(about) = about_event(self.parts, self.event, subject) else { return };
        self.counts.ended();
        let place = epochs::place(&about);
        self.validity.end(place, self.tell.is_some());
        if let Some(tell) = &self.tell
            && tell.try_send(about).is_err()
        {
            self.validity.told(place, false);
        }
    }
}

/// Tells the shared store of what was heard.
async fn pass_on(
    mut untold: mpsc::Receiver<String>,
    sharing: Arc<Sharing>,
    validity: Arc<Validity>,
) {
    let mut batch = Vec::new();
    while untold.recv_many(&mut batch, TOLD_MAX).await > 0 {
        let telling = batch.drain(..).map(async |about| {
            let it_knows = sharing.end(&about).await;
            validity.told(epochs::place(&about), it_knows);
        });
        join_all(telling).await;
    }
}

/// Notes when the connection breaks and when it is there again.
async fn watch(mut state: watch::Receiver<State>, validity: Arc<Validity>) {
    while state.changed().await.is_ok() {
        match *state.borrow_and_update() {
            State::Connected(_) => validity.connected(),
            State::Disconnected => validity.disconnected(),
            State::LameDuck => {}
            State::Closed => return,
        }
    }
}
