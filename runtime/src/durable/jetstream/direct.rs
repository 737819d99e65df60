//! Reading from any replica of a stream, several subjects at once (ADR-31).

use async_nats::StatusCode;
use async_nats::jetstream::message::StreamMessage;
use futures::StreamExt;
use serde_json::json;
use tokio::time::timeout;

use super::super::Stored;
use super::link::{ATTEMPT, Link};
use super::wire;
use crate::status::{Code, Executed, Result, Status};
use crate::subject::Subject;

/// Ends an answer.
const END: u16 = 204;

/// The first version whose answer is one moment's: before, a message that is replaced meanwhile may be left out.
const ATOMIC_SINCE: (u32, u32) = (2, 15);

/// Whether the server reads several subjects at one moment.
///
/// # Errors
/// `FAILED_PRECONDITION` when it doesn't.
pub(super) fn supported(link: &Link) -> Result<()> {
    since(link, "linearizable reads", ATOMIC_SINCE)
}

/// Whether the server is new enough.
///
/// # Errors
/// `FAILED_PRECONDITION` when it isn't.
pub(super) fn since(link: &Link, what: &str, since: (u32, u32)) -> Result<()> {
    let version = link.client.server_info().version;
    if is_newer(&version, since) {
        return Ok(());
    }
    let (major, minor) = since;
    Err(Status::failed_precondition(format!(
        "{what} need nats-server {major}.{minor} or newer, and this is {version}"
    ))
    .with_executed(Executed::No))
}

fn is_newer(version: &str, since: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map(|number| number.parse().ok());
    let version = numbers.next().flatten().zip(numbers.next().flatten());
    version.is_some_and(|version| version >= since)
}

/// Reads the last message of each of some subjects, as one replica has them at one moment.
pub(super) async fn last_of_each(
    link: &Link,
    stream: &str,
    subjects: &[&Subject],
) -> Result<Vec<Stored>> {
    let state = link.ready().await?;
    let lost = || {
        Status::unavailable(format!("no replica of {stream} has answered in time"))
            .with_executed(Executed::No)
    };
    let subjects: Vec<_> = subjects.iter().map(|subject| subject.as_str()).collect();
    let request = json!({ "multi_last": subjects }).to_string();
    let api = format!("$JS.API.DIRECT.GET.{stream}");
    let reading = async {
        let inbox = link.client.new_inbox();
        let mut answers = link.client.subscribe(inbox.clone()).await.map_err(|_| lost())?;
        let asked = link.client.publish_with_reply(api.clone(), inbox, request.into());
        asked.await.map_err(|_| lost())?;
        let mut found = Vec::new();
        while let Some(message) = answers.next().await {
            match message.status {
                None | Some(StatusCode::OK) => {
                    let message = StreamMessage::try_from(message).map_err(|error| {
                        Status::internal(format!("{stream}: an answer without its place: {error}"))
                    })?;
                    found.push(wire::stored(message));
                }
                Some(StatusCode::NOT_FOUND) => return Ok(Vec::new()),
                Some(status) if status.as_u16() == END => return Ok(found),
                Some(StatusCode::NO_RESPONDERS) => {
                    return Err(Status::unavailable(format!(
                        "no replica of {stream} reads directly; provision it again if that was long ago"
                    ))
                    .with_executed(Executed::No));
                }
                Some(status) => {
                    return Err(Status::internal(format!("{stream} can't be read: {status}")));
                }
            }
        }
        Err(lost())
    };
    match link.exchange(state, &api, timeout(ATTEMPT, reading)).await {
        Ok(Ok(found)) => found,
        Err(status) if status.code() == Code::PermissionDenied => Err(status),
        Ok(Err(_)) | Err(_) => Err(lost()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for (version, atomic) in [
            ("2.15.1", true),
            ("2.15.0-dev", true),
            ("3.0.0", true),
            ("2.9.25", false),
            ("2.14.5", false),
            ("unknown", false),
        ] {
            assert_eq!(is_newer(version, ATOMIC_SINCE), atomic, "{version}");
        }
    }
}
