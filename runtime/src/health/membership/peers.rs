//! The other instances of a service, as discovery tells of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::time::sleep;

use crate::connection::Connection;
use crate::discovery::{ENDING, MEMBERSHIP};
use crate::headers::Headers;
use crate::server::{Membership, Server};
use crate::status::Result;
use crate::transport::{Flush, Message, Outgoing, Sink};

/// The other instances of a service, by their ids.
#[derive(Debug, Default)]
pub(super) struct Peers(BTreeMap<String, Membership>);

impl Peers {
    /// Asks them; whoever doesn't answer in time isn't there.
    pub(super) async fn ask(
        connection: &Connection,
        server: &Server,
        time: Duration,
    ) -> Result<Self> {
        let (connection, answers) = (connection.chosen(), Arc::new(Answers::default()));
        let inbox = connection.mux().stream(Arc::clone(&answers) as Arc<dyn Sink>);
        connection.tx().publish(&Outgoing {
            subject: &server.ping(),
            reply: Some(inbox.subject()),
            headers: &Headers::new(),
            body: &[0_u8; 0],
            expires: None,
            flush: Flush::Now,
        })?;
        sleep(time).await;
        let answers = std::mem::take(&mut *answers.lock());
        let mut peers = BTreeMap::new();
        for answer in &answers {
            let Ok(Answer { id, metadata }) = serde_json::from_slice(answer) else { continue };
            // Another version of the service answers to other subjects.
            let is_same = metadata.get("proto").is_some_and(|proto| proto == server.spec().name);
            if is_same && id != server.id() {
                let token = metadata.get(MEMBERSHIP).map(String::as_str);
                let ends = metadata.contains_key(ENDING);
                let now = if ends { Membership::Ending } else { Membership::of_token(token) };
                peers.insert(id, now);
            }
        }
        Ok(Self(peers))
    }

    /// Whether the instance with this id may leave.
    pub(super) fn can_do_without(&self, id: &str) -> bool {
        let stays = |(other, now): &(&String, &Membership)| match now {
            Membership::Joined => true,
            // It may be about to leave for the same reason: then the greater id stays.
            Membership::Leaving => other.as_str() > id,
            Membership::Left | Membership::Ending => false,
        };
        let staying = self.0.iter().filter(stays).count();
        let all = self.0.len() + 1;
        staying > 0 && staying * 2 >= all
    }

    /// Whether there are others who go on running, and none of them is sure to take requests from now on.
    pub(super) fn might_leave_nobody(&self) -> bool {
        let mut staying = self.0.values().filter(|now| **now != Membership::Ending).peekable();
        staying.peek().is_some() && staying.all(|now| *now != Membership::Joined)
    }

    /// Whether none of them takes requests.
    pub(super) fn nobody_has_joined(&self) -> bool {
        self.0.values().all(|now| matches!(now, Membership::Left | Membership::Ending))
    }
}

/// What has been answered so far.
#[derive(Debug, Default)]
struct Answers(Mutex<Vec<Vec<u8>>>);

impl Answers {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for Answers {
    fn deliver(&self, message: Message) {
        self.lock().push(message.payload.to_vec());
    }
}

/// What matters of an answer (NATS ADR-32).
#[derive(Debug, Deserialize)]
struct Answer {
    id: String,
    #[serde(default)]
    metadata: BTreeMap<String, String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use Membership::{Ending, Joined, Leaving, Left};

    fn peers(of: &[(&str, Membership)]) -> Peers {
        Peers(of.iter().map(|(id, now)| ((*id).to_owned(), *now)).collect())
    }

    #[test]
    fn the_last_one_stays_and_so_does_half_of_all() {
        for (others, can) in [
            (&[][..], false),
            (&[("a", Joined)], true),
            (&[("a", Left)], false),
            (&[("a", Ending)], false),
            (&[("a", Left), ("b", Joined)], false),
            (&[("a", Joined), ("b", Joined)], true),
            (&[("a", Left), ("b", Joined), ("c", Joined)], true),
            (&[("a", Left), ("b", Left), ("c", Joined)], false),
        ] {
            assert_eq!(peers(others).can_do_without("m"), can, "{others:?}");
        }
    }

    #[test]
    fn of_those_who_want_to_leave_at_once_not_all_may() {
        let ids = ["a", "b", "c", "d", "e"];
        for count in 2..=ids.len() {
            let all = &ids[..count];
            let may = |id: &&str| {
                let others: Vec<_> = all
                    .iter()
                    .filter(|other| *other != id)
                    .map(|other| (*other, Leaving))
                    .collect();
                peers(&others).can_do_without(id)
            };
            let leaving = all.iter().filter(|id| may(id)).count();
            assert_eq!(leaving, count / 2, "of {count}");
        }
    }

    #[test]
    fn who_ends_waits_for_one_who_stays() {
        assert!(peers(&[("a", Leaving), ("b", Left)]).might_leave_nobody());
        assert!(peers(&[("a", Left)]).might_leave_nobody());
        assert!(!peers(&[("a", Leaving), ("b", Joined)]).might_leave_nobody());
        assert!(peers(&[("a", Left), ("b", Ending)]).might_leave_nobody());
        assert!(!peers(&[("a", Ending), ("b", Joined)]).might_leave_nobody());
        for nobody in [&[][..], &[("a", Ending)], &[("a", Ending), ("b", Ending)]] {
            assert!(!peers(nobody).might_leave_nobody(), "there is nobody to wait for");
        }
    }

    #[test]
    fn one_who_is_about_to_leave_is_still_there() {
        assert!(!peers(&[("a", Leaving), ("b", Left)]).nobody_has_joined());
        assert!(peers(&[("a", Left), ("b", Ending)]).nobody_has_joined());
        assert!(peers(&[]).nobody_has_joined());
    }
}
