//! The bus behaves as a NATS server does, and misbehaves as told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Bus, BusTransport, Fault};
use crate::headers::Headers;
use crate::status::{Code, Executed, Result};
use crate::subject::{Filter, Subject};
use crate::transport::{Flush, Message, Outgoing, Sink, State, Transport as _};

#[derive(Default)]
struct Seen(Mutex<Vec<Message>>, Mutex<usize>);

impl Sink for Seen {
    fn deliver(&self, message: Message) {
        self.0.lock().unwrap().push(message);
    }

    fn disconnected(&self) {
        *self.1.lock().unwrap() += 1;
    }
}

impl Seen {
    fn texts(&self) -> Vec<String> {
        let seen = self.0.lock().unwrap();
        seen.iter().map(|message| String::from_utf8(message.payload.to_vec()).unwrap()).collect()
    }
}

fn publish(
    from: &BusTransport,
    subject: &'static str,
    body: &str,
    reply: Option<&Subject>,
) -> Result<()> {
    let subject = Subject::literal(subject);
    let headers = &Headers::new();
    let (body, flush) = (&bytes::Bytes::copy_from_slice(body.as_bytes()), Flush::Soon);
    from.publish(&Outgoing { subject: &subject, reply, headers, body, expires: None, flush })
}

fn listen(to: &BusTransport, filter: &'static str, group: Option<&str>) -> Arc<Seen> {
    let seen = Arc::new(Seen::default());
    to.subscribe(&Filter::literal(filter), group, Arc::clone(&seen) as _).unwrap();
    seen
}

#[tokio::test]
async fn everyone_who_matches_gets_a_message_in_order() {
    let bus = Bus::new();
    let (a, b) = (bus.connect(), bus.connect());
    let star = listen(&b, "x.*", None);
    let all = listen(&b, ">", None);
    let other = listen(&b, "y.z", None);
    for text in ["1", "2", "3"] {
        publish(&a, "x.y", text, None).unwrap();
    }
    b.flush().await.unwrap();
    assert_eq!(star.texts(), ["1", "2", "3"]);
    assert_eq!(all.texts(), ["1", "2", "3"]);
    assert!(other.texts().is_empty());
}

#[tokio::test]
async fn one_member_of_a_queue_group_gets_a_message_and_all_get_some() {
    let bus = Bus::seeded(7);
    let (a, b, c) = (bus.connect(), bus.connect(), bus.connect());
    let (left, right) = (listen(&b, "x", Some("q")), listen(&c, "x", Some("q")));
    let other = listen(&c, "x", Some("r"));
    for _ in 0..100 {
        publish(&a, "x", "", None).unwrap();
    }
    b.flush().await.unwrap();
    c.flush().await.unwrap();
    let (left, right) = (left.texts().len(), right.texts().len());
    assert_eq!((left + right, other.texts().len()), (100, 100));
    assert!(left > 25 && right > 25, "{left} {right}");
}

#[tokio::test]
async fn a_request_that_nobody_serves_is_answered_with_503() {
    let bus = Bus::new();
    let (a, b) = (bus.connect(), bus.connect());
    let (mine, foreign) = (listen(&a, "_INBOX.a.>", None), listen(&b, "_INBOX.>", None));
    publish(&a, "svc.nobody", "", Some(&Subject::literal("_INBOX.a.1"))).unwrap();
    a.flush().await.unwrap();
    b.flush().await.unwrap();
    let seen = mine.0.lock().unwrap();
    assert_eq!(seen[0].status, Some(503));
    assert!(foreign.texts().is_empty(), "the requester alone is told");
}

#[tokio::test]
async fn an_oversized_payload_is_refused_and_never_ran() {
    let bus = Bus::with_max_payload(0, 10);
    let refusal = publish(&bus.connect(), "x", "12345678901", None).unwrap_err();
    assert_eq!((refusal.code(), refusal.executed()), (Code::InvalidArgument, Executed::No));
}

#[tokio::test]
async fn an_ended_subscription_has_delivered_everything_routed_to_it() {
    let bus = Bus::new();
    let (a, b) = (bus.connect(), bus.connect());
    let seen = Arc::new(Seen::default());
    let id = b.subscribe(&Filter::literal("x"), None, Arc::clone(&seen) as _).unwrap();
    for _ in 0..1000 {
        publish(&a, "x", "", None).unwrap();
    }
    b.unsubscribe(id).await;
    assert_eq!(seen.texts().len(), 1000);
    publish(&a, "x", "", None).unwrap();
    b.flush().await.unwrap();
    assert_eq!(seen.texts().len(), 1000);
}

#[tokio::test]
async fn a_broken_connection_loses_what_is_under_way_and_comes_back() {
    let bus = Bus::new();
    let (a, b) = (bus.connect(), bus.connect());
    let seen = listen(&b, "x", None);
    publish(&a, "x", "lost", None).unwrap();
    b.disconnect();
    let refusal = publish(&b, "x", "", None).unwrap_err();
    assert_eq!((refusal.code(), refusal.executed()), (Code::Unavailable, Executed::No));
    publish(&a, "x", "lost too", None).unwrap();
    b.reconnect();
    assert_eq!(*b.state().borrow(), State::Connected(2));
    publish(&a, "x", "back", None).unwrap();
    b.flush().await.unwrap();
    assert_eq!(seen.texts(), ["back"]);
    assert_eq!(*seen.1.lock().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn faults_drop_double_delay_and_reorder() {
    let filter = || Filter::literal("x");
    for (fault, expected) in [
        (Fault::drop(filter()).nth(2), "1 3 4"),
        (Fault::duplicate(filter()).nth(2), "1 2 2 3 4"),
        (Fault::delay(filter(), Duration::from_millis(5)).nth(2), "1 3 4 2"),
        (Fault::reorder(filter()).nth(2), "1 3 2 4"),
        (Fault::reorder(filter()).nth(4), "1 2 3 4"),
        (Fault::drop(filter()).every(2), "1 3"),
        (Fault::drop(Filter::literal("y")), "1 2 3 4"),
    ] {
        let bus = Bus::new();
        let (a, b) = (bus.connect(), bus.connect());
        let seen = listen(&b, "x", None);
        let id = bus.inject(fault.clone());
        for text in ["1", "2", "3", "4"] {
            publish(&a, "x", text, None).unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(seen.texts().join(" "), expected, "{fault:?}");
        bus.remove(id);
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_breaks_the_publishers_connection_for_a_while() {
    let bus = Bus::new();
    let a = bus.connect();
    bus.inject(Fault::disconnect(Filter::literal("x"), Duration::from_secs(2)).nth(1));
    publish(&a, "x", "", None).unwrap();
    assert_eq!(*a.state().borrow(), State::Disconnected);
    a.state().wait_for(|state| *state == State::Connected(2)).await.unwrap();
    publish(&a, "x", "", None).unwrap();
}

#[tokio::test]
async fn a_seed_repeats_its_choices() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let bus = Bus::seeded(42);
        let (a, b) = (bus.connect(), bus.connect());
        let seen = listen(&b, "x", None);
        let fault = bus.inject(Fault::drop(Filter::literal("x")).per_mille(300));
        for n in 0..200 {
            publish(&a, "x", &n.to_string(), None).unwrap();
        }
        b.flush().await.unwrap();
        assert_eq!(bus.hits(fault), 200 - seen.texts().len() as u64);
        runs.push(seen.texts());
    }
    assert_eq!(runs[0], runs[1]);
    assert!(runs[0].len() < 200);
}
