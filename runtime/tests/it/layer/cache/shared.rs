//! Answers that processes share, in a store that is watched.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bodybroker_runtime::layer::SharedStore;
use bodybroker_runtime::{BoxFuture, Bus, Connection, Result, Server, Status};
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::super::fixture::{KEEP_IT_UNTIL, SHARE, Script, Step};
use super::events::{change, provision, until};
use super::{ask, ms, say};
use crate::fixture::{noise, words};

/// A store in memory that can be slow, down or blind to what it is told.
#[derive(Clone, Default)]
struct Shelf(Arc<State>);

#[derive(Default)]
struct State {
    values: Mutex<HashMap<String, (Bytes, Instant)>>,
    trouble: Mutex<Trouble>,
    asked: AtomicUsize,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Trouble {
    #[default]
    None,
    Down,
    Slow,
}

impl Shelf {
    fn is(&self, trouble: Trouble) {
        *self.0.trouble.lock().unwrap() = trouble;
    }

    fn asked(&self) -> usize {
        self.0.asked.load(Ordering::SeqCst)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.0.values.lock().unwrap().keys().cloned().collect();
        names.sort();
        names
    }

    async fn work(&self) -> Result<()> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let trouble = *self.0.trouble.lock().unwrap();
        match trouble {
            Trouble::None => Ok(()),
            Trouble::Down => Err(Status::unavailable("the shelf fell")),
            Trouble::Slow => std::future::pending().await,
        }
    }

    fn put_down(&self, name: &str, value: Bytes, end: Instant, replace: bool) {
        let mut values = self.0.values.lock().unwrap();
        let is_there = values.get(name).is_some_and(|(_, end)| Instant::now() < *end);
        if replace || !is_there {
            values.insert(name.to_owned(), (value, end));
        }
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shelf")
    }
}

impl SharedStore for Shelf {
    fn get<'a>(&'a self, names: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<Option<Bytes>>>> {
        Box::pin(async move {
            self.work().await?;
            let values = self.0.values.lock().unwrap();
            let live = |name: &&str| {
                let (value, end) = values.get(*name)?;
                (Instant::now() < *end).then(|| value.clone())
            };
            Ok(names.iter().map(live).collect())
        })
    }

    fn put<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        until: SystemTime,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.work().await?;
            let left = until.duration_since(SystemTime::now()).unwrap_or_default();
            self.put_down(name, value, Instant::now() + left, true);
            Ok(())
        })
    }

    fn mark<'a>(
        &'a self,
        name: &'a str,
        value: Bytes,
        ttl: Duration,
        replace: bool,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            self.work().await?;
            self.put_down(name, value, Instant::now() + ttl, replace);
            Ok(())
        })
    }
}

struct Two {
    clients: [Connection; 2],
    script: Script,
    shelf: Shelf,
    _server: Server,
}

/// Two callers that share, and have listened for long enough.
async fn two() -> Two {
    let bus = Bus::new();
    let connection = Connection::local(&bus, "script");
    let script = Script::new(&connection);
    let server = connection.serve(script.clone()).await.unwrap();
    provision(&connection).await;
    let shelf = Shelf::default();
    let clients = ["one", "other"].map(|name| {
        let client = Connection::local(&bus, name);
        assert!(client.share(Arc::new(shelf.clone())));
        client
    });
    for client in &clients {
        say(client, KEEP_IT_UNTIL, "warm").await;
    }
    tokio::time::sleep(ms(6500)).await;
    Two { clients, script, shelf, _server: server }
}

#[tokio::test(start_paused = true)]
async fn what_one_process_was_told_another_knows_until_an_event() {
    for method in [SHARE, KEEP_IT_UNTIL] {
        let Two { clients: [one, other], script, .. } = two().await;
        script.next([Step::Say("shared")]);
        assert_eq!(say(&one, method, "a").await, "shared");
        tokio::time::sleep(ms(1)).await;
        let before = script.seen().len();
        assert_eq!(say(&other, method, "a").await, "shared");
        assert_eq!(script.seen().len(), before, "method {method}");
        if method == KEEP_IT_UNTIL {
            script.next([Step::Say("new"), Step::Say("new")]);
            change(script.connection(), "a").await;
            until(&one, "a", "new").await;
            until(&other, "a", "new").await;
        }
    }
}

/// However they came: compressed, or in pieces.
#[tokio::test(start_paused = true)]
async fn long_answers_are_shared_like_others() {
    let Two { clients: [one, other], script, .. } = two().await;
    for (thing, long) in [("a", words(100_000)), ("b", noise(2_000_000))] {
        let long: &str = long.leak();
        script.next([Step::Say(long)]);
        assert!(say(&one, SHARE, thing).await == long);
        tokio::time::sleep(ms(1)).await;
        let before = script.seen().len();
        assert!(say(&other, SHARE, thing).await == long);
        assert_eq!(script.seen().len(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_ends_an_answer_ends_it_for_all() {
    let Two { clients: [one, other], script, .. } = two().await;
    for method in [SHARE, KEEP_IT_UNTIL] {
        assert_eq!(say(&one, method, "a").await, "a");
        tokio::time::sleep(ms(1)).await;
        script.next([Step::Fail(Status::unavailable("down"))]);
        ask(&one, method, "a").fresh().await.unwrap_err();
        tokio::time::sleep(ms(1)).await;
        let before = script.seen().len();
        assert_eq!(say(&other, method, "a").await, "a");
        assert_eq!(script.seen().len(), before, "a server that is down says nothing of it");
    }
    for method in [SHARE, KEEP_IT_UNTIL] {
        assert_eq!(say(&one, method, "b").await, "b");
        tokio::time::sleep(ms(1)).await;
        script.next([Step::Fail(Status::permission_denied("no more")), Step::Say("new")]);
        ask(&one, method, "b").fresh().await.unwrap_err();
        tokio::time::sleep(ms(1)).await;
        assert_eq!(say(&other, method, "b").await, "new");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_under_way_at_the_event_is_stored_in_vain() {
    let Two { clients: [one, other], script, .. } = two().await;
    let permits = Arc::new(Semaphore::new(0));
    script.next([Step::Wait(Arc::clone(&permits)), Step::Say("new")]);
    let old = tokio::spawn(ask(&one, KEEP_IT_UNTIL, "a").into_future());
    tokio::time::sleep(ms(10)).await;
    change(script.connection(), "a").await;
    tokio::time::sleep(ms(10)).await;
    permits.add_permits(1);
    assert_eq!(old.await.unwrap().unwrap().text, "a");
    tokio::time::sleep(ms(10)).await;
    assert_eq!(say(&other, KEEP_IT_UNTIL, "a").await, "new");
}

#[tokio::test(start_paused = true)]
async fn who_has_not_listened_for_long_trusts_nobody() {
    let Two { clients: [one, _], script, shelf, .. } = two().await;
    assert_eq!(say(&one, KEEP_IT_UNTIL, "a").await, "a");
    tokio::time::sleep(ms(1)).await;
    // A process that has just begun, on another connection to the same streams.
    let bus = Bus::new();
    let service = Connection::local(&bus, "script");
    let _server = service.serve(script.clone()).await.unwrap();
    let durable = Arc::clone(script.connection().durable());
    let late = Connection::over(bus.connect(), bus.connect(), durable, "late").unwrap();
    late.share(Arc::new(shelf.clone()));
    script.next([Step::Say("asked")]);
    assert_eq!(say(&late, KEEP_IT_UNTIL, "a").await, "asked");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_store_was_not_told_of_is_not_forgotten() {
    let Two { clients: [one, other], script, shelf, .. } = two().await;
    assert_eq!(say(&one, KEEP_IT_UNTIL, "a").await, "a");
    tokio::time::sleep(ms(1)).await;
    shelf.is(Trouble::Down);
    change(script.connection(), "a").await;
    tokio::time::sleep(ms(10)).await;
    shelf.is(Trouble::None);
    // What is stored still counts for the store.
    script.next([Step::Say("new"), Step::Say("new")]);
    assert_eq!(say(&other, KEEP_IT_UNTIL, "a").await, "new");
    assert_eq!(say(&one, KEEP_IT_UNTIL, "a").await, "new");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_or_down_holds_no_call_up() {
    for trouble in [Trouble::Slow, Trouble::Down] {
        let Two { clients: [one, _], shelf, .. } = two().await;
        shelf.is(trouble);
        let started = Instant::now();
        for call in 0..200 {
            let thing = format!("thing {call}");
            assert_eq!(say(&one, SHARE, &thing).await, thing);
        }
        // Some calls find out, the rest aren't held up: 20 ms each for those, and for a probe a second.
        assert!(started.elapsed() < ms(300), "{:?}", started.elapsed());
        let asked = shelf.asked();
        shelf.is(Trouble::None);
        tokio::time::sleep(ms(1100)).await;
        for thing in ["x", "y"] {
            say(&one, SHARE, thing).await;
            tokio::time::sleep(ms(10)).await;
        }
        assert!(shelf.asked() > asked, "it is tried again");
    }
}

#[tokio::test(start_paused = true)]
async fn names_tell_methods_schemas_and_requests_apart_and_escape_what_callers_write() {
    let Two { clients: [one, _], shelf, .. } = two().await;
    for method in [SHARE, KEEP_IT_UNTIL] {
        for thing in ["a", "}{ a"] {
            say(&one, method, thing).await;
        }
    }
    tokio::time::sleep(ms(10)).await;
    let slots = shelf.names();
    let slots: Vec<_> = slots
        .iter()
        .filter(|name| !name.contains("warm"))
        .map(|name| name.rsplit_once(':').unwrap())
        .map(|(slot, rest)| format!("{slot} {}", if rest == "mark" { rest } else { "answer" }))
        .collect();
    let share = "bb1:{svc.test.script.v1.share:0123456789abcdef:thing:";
    let until = "bb1:{svc.test.script.v1.keep-until:0123456789abcdef:thing:";
    assert_eq!(
        slots,
        [
            format!("{until}=7D=7B=20a}} answer"),
            format!("{until}=7D=7B=20a}} mark"),
            format!("{until}a}} answer"),
            format!("{until}a}} mark"),
            format!("{share}=7D=7B=20a}} answer"),
            format!("{share}a}} answer"),
        ]
    );
}
