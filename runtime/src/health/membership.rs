//! Has an instance that isn't well leave its queue groups, and come back when it is.
//!
//! Others must be able to do without it: one that has joined stays behind, and half of all there are. What they say of
//! themselves in discovery decides. Who wants to leave says so, waits until nobody can still judge by what it said
//! before, and then asks; whoever else says the same at that time leaves only if its id is the smaller one. So of
//! several that want to leave at once some stay. Answers that come late, or never, keep an instance where it is.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::Health;
use crate::connection::Connection;
use crate::server::{Membership, Server};
use crate::status::{Result, Status};

mod patience;
mod peers;

use patience::{Patience, Want};
use peers::Peers;

/// Looks in a row that must find nobody else who takes requests, before an instance that isn't well takes some.
const LONELY_LOOKS: u32 = 2;

/// How quickly things happen: shares of the time that an instance stays away.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Pause between two looks.
    look: Duration,
    /// Time that others have to answer.
    gather: Duration,
    /// Time after asking in which it must be decided: by then what others have said is too long ago. Who isn't well may
    /// be late because its threads have no time.
    decide: Duration,
}

impl Pace {
    fn of(away: Duration) -> Self {
        let gather = (away / 20).clamp(Duration::from_millis(20), Duration::from_millis(500));
        Self {
            look: (away / 10).clamp(Duration::from_millis(20), Duration::from_secs(1)),
            gather,
            decide: gather * 3,
        }
    }
}

/// Keeps an instance in its place for as long as it runs. It stays away for this long, longer each time it comes back
/// in vain.
pub(super) async fn keep(
    health: Health,
    name: String,
    connection: Connection,
    server: Server,
    away: Duration,
) {
    let keeper = Keeper { pace: Pace::of(away), name, connection, server };
    let mut patience = Patience::new(away);
    let mut lonely = 0;
    keeper.tell(true);
    loop {
        sleep(keeper.pace.look).await;
        let trouble = health.sickness(&keeper.name);
        let here = *keeper.server.membership().borrow() != Membership::Left;
        match patience.look(trouble.is_some(), here, Instant::now()) {
            Want::Leave if keeper.leave(trouble.as_deref().unwrap_or_default()).await => {
                patience.left(Instant::now());
                lonely = 0;
            }
            Want::Return => {
                if keeper.join("well again").await {
                    patience.returned(Instant::now());
                }
            }
            Want::Leave => patience.had_to_stay(),
            Want::Stay if here => {}
            Want::Stay => {
                lonely = if keeper.is_alone().await { lonely + 1 } else { 0 };
                if lonely >= LONELY_LOOKS && keeper.join("nobody else is there").await {
                    patience.returned(Instant::now());
                }
            }
        }
    }
}

/// Stays until somebody else takes requests who doesn't count on this instance, if there is anybody else who doesn't end as
/// well: to be done before it ends, within a time. One of them may be about to leave because this one is there.
pub(crate) async fn wait_for_others(
    connection: &Connection,
    server: &Server,
    away: Duration,
    within: Duration,
) {
    let pace = Pace::of(away);
    let limit = within.min(2 * pace.decide + (LONELY_LOOKS + 6) * pace.look);
    let asked = Instant::now();
    server.about_to_end();
    while asked.elapsed() < limit {
        match Peers::ask(connection, server, pace.gather).await {
            Ok(peers) if peers.might_leave_nobody() => sleep(pace.gather).await,
            // Nobody is there to wait for, or to be asked.
            Ok(_) | Err(_) => return,
        }
    }
    tracing::warn!(service = server.spec().name, "nobody else may be there to take requests");
}

struct Keeper {
    pace: Pace,
    name: String,
    connection: Connection,
    server: Server,
}

impl Keeper {
    /// Leaves, unless the others can't do without it.
    async fn leave(&self, why: &str) -> bool {
        self.server.about_to_leave(true);
        // Who heard something else before has decided by then.
        sleep(self.pace.decide + self.pace.gather).await;
        let asked = Instant::now();
        let peers = self.peers().await;
        let in_time = asked.elapsed() < self.pace.decide;
        let can = peers.is_ok_and(|peers| peers.can_do_without(self.server.id()));
        if !(in_time && can) {
            self.server.about_to_leave(false);
            tracing::debug!(service = self.name, why, "not well, and needed");
            return false;
        }
        self.server.leave().await;
        tracing::warn!(service = self.name, id = self.server.id(), why, "left the queue groups");
        metrics::counter!("bb_departures_total", "service" => self.name.clone()).increment(1);
        self.tell(false);
        true
    }

    async fn join(&self, why: &str) -> bool {
        if let Err(status) = self.server.join().await {
            tracing::warn!(service = self.name, %status, "can't join the queue groups");
            return false;
        }
        tracing::warn!(service = self.name, id = self.server.id(), why, "joined the queue groups");
        self.tell(true);
        true
    }

    /// Whether nobody else takes requests, as far as can be known.
    async fn is_alone(&self) -> bool {
        self.peers().await.is_ok_and(|peers| peers.nobody_has_joined())
    }

    async fn peers(&self) -> Result<Peers, Status> {
        Peers::ask(&self.connection, &self.server, self.pace.gather).await
    }

    fn tell(&self, joined: bool) {
        let member = if joined { 1.0 } else { 0.0 };
        metrics::gauge!("bb_member", "service" => self.name.clone()).set(member);
    }
}
