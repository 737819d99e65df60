//! A lease that is held, and renewed in the background.

use std::fmt;
use std::time::Duration;

use prost::Message;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{Contender, LeaseRecord, Moment, RENEWALS};
use crate::connection::Connection;
use crate::status::{Code, Result};

/// A lease that is held. Dropping it gives it back.
pub struct Lease {
    term: u64,
    /// Revision of the record that took it.
    revision: u64,
    /// Until when it is held, by our own clocks; `None` once it is lost.
    until: watch::Receiver<Option<Moment>>,
    connection: Connection,
    give_back: CancellationToken,
}

impl Lease {
    pub(super) fn hold(
        contender: Contender,
        record: LeaseRecord,
        revision: u64,
        until: Moment,
    ) -> Self {
        let (sender, receiver) = watch::channel(Some(until));
        let give_back = CancellationToken::new();
        let term = record.term;
        let keeper = Keeper { contender, record, revision, until: sender };
        let connection = keeper.contender.connection.clone();
        connection.spawn_to_end(keeper.keep(give_back.clone()));
        Self { term, revision, until: receiver, connection, give_back }
    }

    /// Whether it is held now. It may be lost while the answer is on its way: what is written because of it must be
    /// compare-and-set, or carry the [term](Self::term).
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.until.borrow().is_some_and(|until| !until.is_over(self.connection.boot_clock()))
    }

    /// Which leader this is, counted from 1: a later one has a larger number.
    #[must_use]
    pub fn term(&self) -> u64 {
        self.term
    }

    /// Revision of the record that took it.
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    /// Completes when the lease is lost. Where the machine was suspended that may be a moment after
    /// [`is_held`](Self::is_held) tells it.
    pub async fn lost(&self) {
        let mut until = self.until.clone();
        loop {
            let Some(end) = *until.borrow_and_update() else { return };
            tokio::select! {
                changed = until.changed() => if changed.is_err() { return },
                () = sleep_until(end.awake) => return,
            }
        }
    }

    /// Gives the lease back, so that another may lead at once; completes when that is written, or can't be.
    pub async fn release(self) {
        self.give_back.cancel();
        let mut until = self.until.clone();
        // The keeper drops its end when it is done.
        while until.changed().await.is_ok() {}
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.give_back.cancel();
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease")
            .field("term", &self.term)
            .field("held", &self.is_held())
            .finish_non_exhaustive()
    }
}

/// Giving back is a courtesy: others wait out the validity otherwise.
const COURTESY: Duration = Duration::from_secs(1);

/// Renews a lease until it is lost or given back.
struct Keeper {
    contender: Contender,
    record: LeaseRecord,
    revision: u64,
    until: watch::Sender<Option<Moment>>,
}

impl Keeper {
    async fn keep(mut self, give_back: CancellationToken) {
        let connection = self.contender.connection.clone();
        let lost = tokio::select! {
            () = self.renew() => true,
            () = give_back.cancelled() => false,
            () = connection.closing() => false,
        };
        let key = &self.contender.key;
        if lost {
            tracing::warn!(key, term = self.record.term, "no longer leads");
            self.until.send_replace(None);
            return;
        }
        self.until.send_replace(None);
        self.record.holder.clear();
        let given = timeout(COURTESY, self.write()).await;
        tracing::info!(
            key,
            term = self.record.term,
            given = matches!(given, Ok(Ok(_))),
            "gave back"
        );
    }

    /// Renews in time for as long as it can; returns when the lease is lost.
    async fn renew(&mut self) {
        let step = self.contender.validity / RENEWALS;
        let mut next = Instant::now() + step;
        loop {
            sleep_until(next).await;
            let Some(until) = *self.until.borrow() else { return };
            let began = Moment::now(self.contender.connection.boot_clock());
            self.record.renewals += 1;
            match timeout_at(until.awake, self.write()).await {
                Ok(Ok(revision)) => {
                    self.revision = revision;
                    self.until.send_replace(Some(began.after(self.contender.validity)));
                    next = began.awake + step;
                }
                Ok(Err(status)) if status.code() == Code::Aborted => return,
                Ok(Err(status)) => {
                    tracing::debug!(key = self.contender.key, %status, "renewing again");
                    if until.is_over(self.contender.connection.boot_clock()) {
                        return;
                    }
                    next = Instant::now() + step / 4;
                }
                Err(_) => return,
            }
        }
    }

    async fn write(&self) -> Result<u64> {
        let value = self.record.encode_to_vec().into();
        self.contender.bucket.update(&self.contender.key, value, self.revision).await
    }
}
