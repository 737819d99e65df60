//! Publishing one row: once, whoever tries and whenever.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;

use super::row::Row;
use crate::durable::{Durable, Start, Stored};
use crate::headers::name;
use crate::lease::Lease;
use crate::status::{Code, Result, Status};
use crate::subject::Filter;

/// Clocks of the servers that lead two streams may differ by so much.
const CLOCKS: Duration = Duration::from_mins(1);
/// A reading that brings nothing for this long is given up.
const SILENCE: Duration = Duration::from_secs(5);
/// Others may publish on the subject so often meanwhile before the caller hears of it.
const ATTEMPTS_MAX: usize = 64;

/// Publishes a row under a lease. One that an earlier relay may have published already is looked for first.
///
/// # Errors
/// `UNAVAILABLE` when the lease may be another's, who may have published the row.
pub(super) async fn publish(
    durable: &dyn Durable,
    row: &Row,
    is_old: bool,
    lease: &Lease,
) -> Result<()> {
    let mut refused = None;
    let since = row.time.checked_sub(CLOCKS).unwrap_or(row.time);
    let mut unseen = is_old.then_some(Start::Time(since));
    for _ in 0..ATTEMPTS_MAX {
        let last = durable.last(&row.stream, &row.subject).await?;
        if let (Some(start), Some(last)) = (unseen, &last)
            && last.time >= since
            && is_published(durable, row, start, last).await?
        {
            return Ok(());
        }
        // Whoever takes over from now on and publishes the row does so behind this last one, and then ours is refused.
        if !lease.is_held() {
            return Err(Status::unavailable("another may publish the event now"));
        }
        let behind = last.map_or(0, |last| last.sequence);
        match durable.append(row.event(behind)).await {
            // Somebody has published on the subject meanwhile: perhaps this.
            Err(status) if status.code() == Code::Aborted => {
                unseen = Some(Start::Sequence(behind + 1));
                refused = Some(status);
            }
            other => return other.map(drop),
        }
    }
    refused.map_or(Ok(()), Err)
}

/// Whether the event's stream has the row from somewhere on up to the message that was the last of its subject. A reading
/// may come from a server that lags behind, so how many messages it promises tells nothing.
///
/// # Errors
/// `UNAVAILABLE` when the reading doesn't come that far.
async fn is_published(
    durable: &dyn Durable,
    row: &Row,
    start: Start,
    last: &Stored,
) -> Result<bool> {
    let filter = Filter::from(&row.subject);
    let mut messages = durable.read(&row.stream, &filter, start).await?.messages;
    loop {
        // What was there may expire meanwhile, and then nothing comes.
        let next = timeout(SILENCE, messages.next()).await;
        let Ok(Some(message)) = next else {
            return Err(Status::unavailable(format!("{} can't be read", row.stream)));
        };
        let message = message?;
        if message.headers.get(name::MSG_ID) == Some(&row.id) {
            return Ok(true);
        }
        if message.sequence >= last.sequence {
            return Ok(false);
        }
    }
}
